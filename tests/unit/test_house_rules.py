"""What no linter can hold: lengths, words, contents, clocks, paths. Each rule is proved able to fail on a bad sample."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from streams import errors
from streams.contract.alerts import LEVEL_NAMES, LEVEL_RANKS, Level

ROOT = Path(__file__).parents[2]
PRODUCT = ("streams", "connectors", "deploy")
NOT_OURS = {"node_modules", "static", "__pycache__", ".venv", ".git", "dist", "test-results"}
"""What is fetched or built."""

MOST_LINES = 300
"""A file that must be read twice is two files (streams, connectors, deploy)."""
MOST_TEST_LINES = 400
"""A file of tests is looked up, not read through: it mirrors its module, however many cases that has."""
LONGER = {
    "connectors/frame/publisher.py": "one producer's whole life; its states would be torn apart",
}
MOST_FUNCTION_LINES = 50
"""A function fits a screen."""
LONGER_FUNCTIONS = {
    "deploy/acceptance/__init__.py run": "the order of the check's parts, each a line or two",
}

BANNED_NAMES = frozenset(
    {"util", "utils", "helper", "helpers", "common", "misc", "manager", "telemetry", "device", "devices", "drill"}
)
"""They say nothing, or another word says it: sensor, reading, exercise."""
BANNED_VERBS = ("handle_", "manage_", "process_")
"""A procedure says what it does to what."""
BANNED_PHRASES = re.compile(r"\b(telemetry|data points?|drills?|demo mode|TODO|FIXME|XXX)\b", re.IGNORECASE)

CLOCK = "streams/clock.py"
CLOCK_CALLS = re.compile(
    r"^(time\.(time|time_ns|monotonic|monotonic_ns|perf_counter)|.*\b(datetime|date)\.(now|utcnow|today))$"
)

TEXTS = {".py", ".ts", ".css", ".html", ".toml", ".md", ".json", ".yaml", ".yml", ".sh", ".lock", ".properties", ""}
REGISTRIES = (
    ("registry", "npmjs", "org"),
    ("pypi", "org/simple"),
    ("files", "pythonhosted", "org"),
    ("repo", "maven", "apache"),
    ("repo", "maven", "org"),
    ("repo1", "maven", "apache"),
    ("repo1", "maven", "org"),
    ("proxy", "golang", "org"),
)
"""In parts, because this file names none of them either."""
MACHINES = re.compile(
    r"(?<![\w.])/(work|root|home/\w+)/|" + "|".join(re.escape(".".join(parts)) for parts in REGISTRIES)
)
"""Paths of one machine, and addresses of registries: any mirror must serve."""


class Source(NamedTuple):
    """A file of Python."""

    name: str
    """Its path below the project, with slashes."""
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return _tree(self.text)

    @property
    def is_test(self) -> bool:
        """Whether it is of the tests."""
        return self.name.startswith("tests/")


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def _files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts):
                yield path


@cache
def _sources() -> list[Source]:
    paths = [p for p in _files(*PRODUCT, "tests") if p.suffix == ".py"]
    return [Source(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8")) for p in paths]


# -- the rules: each gives what is wrong with a file, a line each -------------------------------------------------------


def too_long(source: Source) -> list[str]:
    """A file longer than its kind may be."""
    lines, most = len(source.text.splitlines()), MOST_TEST_LINES if source.is_test else MOST_LINES
    return [f"{source.name}: {lines} lines, at most {most}"] if lines > most and source.name not in LONGER else []


def too_long_functions(source: Source) -> list[str]:
    """Functions that do not fit a screen."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > MOST_FUNCTION_LINES and f"{source.name} {node.name}" not in LONGER_FUNCTIONS:
                found.append(f"{source.name}:{node.lineno}: {node.name} has {lines} lines")
    return [] if source.is_test else found


def no_first_line(source: Source) -> list[str]:
    """A module that does not say what it answers."""
    said = ast.get_docstring(source.tree)
    return [] if said or not source.text else [f"{source.name}: no docstring"]


def banned_names(source: Source) -> list[str]:
    """Names of modules, classes, functions, arguments and variables that say nothing."""
    named = [(Path(source.name).stem, 1)]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            named.append((node.name, node.lineno))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            named.append((node.id, node.lineno))
        elif isinstance(node, ast.arg):
            named.append((node.arg, node.lineno))
    found = []
    for name, line in named:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}
        if words & BANNED_NAMES or name.lstrip("_").startswith(BANNED_VERBS):
            found.append(f"{source.name}:{line}: {name}")
    return [] if source.is_test else found


def banned_phrases(source: Source) -> list[str]:
    """Words that the glossary has decided against, in comments and docstrings; work left undone."""
    if source.is_test:
        return []
    told = [(token.string, token.start[0]) for token in _tokens(source.text) if token.type == tokenize.COMMENT]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            told.append((node.value.value, node.lineno))
    return [f"{source.name}:{line}: {m[0]}" for text, line in told for m in BANNED_PHRASES.finditer(text)]


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(StringIO(text).readline)


def own_clocks(source: Source) -> list[str]:
    """Questions for the time outside the one place that may ask."""
    if source.is_test or source.name == CLOCK:
        return []
    return [
        f"{source.name}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and CLOCK_CALLS.match(ast.unparse(node))
    ]


def machine_paths(name: str, text: str) -> list[str]:
    """Paths of a machine and hosts of registries."""
    return [
        f"{name}:{number}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := MACHINES.search(line))
    ]


def contents_differ(package: str, said: str, modules: set[str]) -> list[str]:
    """A package whose docstring does not name each of its modules, or lists one that is not there."""
    named = set(re.findall(r"[a-z_]+", said))
    missing = [f"{package}: its docstring does not name {m}" for m in sorted(modules - named)]
    listed: set[str] = set()
    for line in said.splitlines()[1:]:
        row = re.match(r"\s*([a-z_]+(?:, [a-z_]+)*) {2,}\S", line)
        listed |= set(row[1].split(", ")) if row else set()
    return missing + [f"{package}: its docstring lists {m}, which is not there" for m in sorted(listed - modules)]


def _packages() -> dict[str, tuple[str, set[str]]]:
    """Docstring and modules of each package of the product that has more than one."""
    found = {}
    for source in _sources():
        folder = (ROOT / source.name).parent
        if source.name.endswith("/__init__.py") and not source.is_test:
            modules = {p.stem for p in folder.glob("*.py")} - {"__init__", "__main__"}
            modules |= {p.parent.name for p in folder.glob("*/__init__.py")}
            if len(modules) > 1:
                found[source.name.removesuffix("/__init__.py")] = (ast.get_docstring(source.tree) or "", modules)
    return found


RULES: dict[str, tuple[Callable[[Source], list[str]], Source, Source]] = {
    "file length": (
        too_long,
        Source("streams/x.py", "x = 1\n" * (MOST_LINES + 1)),
        Source("streams/x.py", "x = 1\n" * MOST_LINES),
    ),
    "file length of tests": (
        too_long,
        Source("tests/x.py", "x = 1\n" * (MOST_TEST_LINES + 1)),
        Source("tests/x.py", "x = 1\n" * MOST_TEST_LINES),
    ),
    "function length": (
        too_long_functions,
        Source("streams/x.py", "async def f():\n" + "    x = 1\n" * MOST_FUNCTION_LINES),
        Source("streams/x.py", "async def f():\n" + "    x = 1\n" * (MOST_FUNCTION_LINES - 1)),
    ),
    "first line": (no_first_line, Source("streams/x.py", "x = 1\n"), Source("streams/x.py", '"""What."""\n')),
    "names": (
        banned_names,
        Source("streams/x.py", "class TopicManager: ...\n"),
        Source("streams/x.py", "class Topics: ...\n"),
    ),
    "names of modules": (banned_names, Source("streams/utils.py", ""), Source("streams/utility_rate.py", "")),
    "names of arguments": (
        banned_names,
        Source("streams/x.py", "def f(device_id): ...\n"),
        Source("streams/x.py", "def f(sensor_id): ...\n"),
    ),
    "verbs": (
        banned_names,
        Source("streams/x.py", "def _handle_record(): ...\n"),
        Source("streams/x.py", "def processes(): ...\n"),
    ),
    "phrases in comments": (
        banned_phrases,
        Source("streams/x.py", "x = 1  # a data point\n"),
        Source("streams/x.py", "x = 'a data point'  # a reading\n"),
    ),
    "phrases in docstrings": (
        banned_phrases,
        Source("streams/x.py", 'def f():\n    """Runs the drill."""\n'),
        Source("streams/x.py", 'def f():\n    """Runs the exercise."""\n'),
    ),
    "work left undone": (
        banned_phrases,
        Source("streams/x.py", "# TODO: later\n"),
        Source("streams/x.py", "# It is done.\n"),
    ),
    "clock": (
        own_clocks,
        Source("streams/x.py", "import time\nx = time.monotonic()\n"),
        Source(CLOCK, "import time\nx = time.monotonic()\n"),
    ),
    "calendar": (
        own_clocks,
        Source("deploy/x.py", "import datetime as dt\nx = dt.datetime.now(dt.UTC)\n"),
        Source("deploy/x.py", "x = clock.now_ms()\n"),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_can_fail_and_can_pass(name: str) -> None:
    rule, bad, good = RULES[name]
    assert rule(bad)
    assert rule(good) == []


@pytest.mark.parametrize("rule", dict.fromkeys(rule for rule, _, _ in RULES.values()), ids=lambda rule: rule.__name__)
def test_the_whole_project_keeps(rule: Callable[[Source], list[str]]) -> None:
    sources = _sources()
    assert len(sources) > 100
    assert [wrong for source in sources for wrong in rule(source)] == []


def test_every_exception_is_needed_and_has_its_reason() -> None:
    sources = {source.name: source for source in _sources()}
    for name, why in LONGER.items():
        assert len(sources[name].text.splitlines()) > MOST_LINES, f"{name} needs no exception any more"
        assert why
    for key, why in LONGER_FUNCTIONS.items():
        name, function = key.split()
        lengths = [
            (node.end_lineno or 0) - node.lineno + 1
            for node in ast.walk(sources[name].tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
        ]
        assert max(lengths) > MOST_FUNCTION_LINES, f"{key} needs no exception any more"
        assert why
    assert len(LONGER) + len(LONGER_FUNCTIONS) <= 5


def test_every_packages_docstring_is_its_contents() -> None:
    packages = _packages()
    assert {"streams", "streams.engine".replace(".", "/"), "streams/contract"} <= set(packages)
    assert [wrong for name, (said, modules) in packages.items() for wrong in contents_differ(name, said, modules)] == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("What.\n\nfirst   one thing\nsecond  another", 0),
        ("What: first, second.", 0),
        ("What.\n\nfirst   one thing", 1),
        ("What.\n\nfirst   one thing\nsecond  another\nthird   is gone", 1),
        ("", 2),
    ],
)
def test_contents_that_differ_are_told(said: str, wrong: int) -> None:
    assert len(contents_differ("p", said, {"first", "second"})) == wrong


def test_no_file_names_a_machine_or_a_registry() -> None:
    paths = [*_files(*PRODUCT, "seeds", "tests", ".ci"), *(p for p in ROOT.iterdir() if p.is_file())]
    found = []
    for path in paths:
        if path.suffix in TEXTS:
            found += machine_paths(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="ignore"))
    assert len(paths) > 150
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_bad"),
    [
        ("cd {}work/main", True),
        ('p = "{}root/.cache/x"', True),
        ("{}home/kim/hub", True),
        *((f'"resolved": "https://{".".join(parts)}/lit"', True) for parts in REGISTRIES),
        ("see {}homepage and {}api{}work{}", False),
        ("network{}root{}of", False),
    ],
)
def test_a_machines_path_is_told_from_others(line: str, is_bad: bool) -> None:
    assert bool(machine_paths("x", line.replace("{}", "/"))) == is_bad


def test_every_error_has_an_exit_code_of_its_kind() -> None:
    kinds = errors.HubError.__subclasses__()
    assert len(kinds) >= 7
    assert all(64 <= kind.exit_code <= 78 for kind in kinds), "sysexits.h"
    tree = errors.__doc__ or ""
    assert all(f"{kind.__name__} " in tree and f"(exit {kind.exit_code})" in tree for kind in kinds)


def test_every_level_has_a_rank_and_a_name_in_both_languages() -> None:
    levels = get_args(Level)
    assert set(LEVEL_NAMES) == set(LEVEL_RANKS) == set(levels)
    for name in LEVEL_NAMES.values():
        assert re.search("[가-힣]", name.ko)
        assert name.en.isascii()
