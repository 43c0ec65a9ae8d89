"""What a case's file may say, and what the table and the JSON lines tell."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks import report
from tests.benchmarks.__main__ import KINDS
from tests.benchmarks.case import Case, WrongCase, cases, load
from tests.benchmarks.engines.engine import Ran
from tests.benchmarks.engines.table import ENGINES
from tests.benchmarks.report import Row

CASE = Case.model_validate(
    {
        "name": "c",
        "title": "A case",
        "kind": "throughput",
        "engines": ["hub", "kstreams"],
        "workload": {"sensors": 1, "readings": 10},
        "variants": [{"name": "more", "workload": {"sensors": 5}}],
        "instead": {"kstreams": {"readings": 4}},
        "targets": [{"figure": "readings_per_s", "against": "kstreams", "at_least": 3}],
    }
)


def _ran(rate: float, wrong: str | None = None) -> Ran:
    shares = {"broker_share": 0.1, "others_share": 0.01}
    return Ran(seconds=10 / rate, cpu_s=1e-5, rss_mb=rate, wrong=wrong, read=10, records=10, more=shares)


def _printed(rows: list[Row]) -> str:
    out = StringIO()
    report.show(Console(file=out, width=200), rows)
    return out.getvalue()


def test_every_case_names_engines_and_a_kind_that_there_are() -> None:
    found = cases()

    assert {"w1", "w2", "w3", "w4", "w5", "poison"} <= set(found)
    for case in found.values():
        assert case.kind in KINDS and set(case.engines) <= set(ENGINES)
        for target in case.targets:
            places = {case.name, *case.engines, *(v.name for v in case.variants), None}
            assert target.against in places and (target.of or None) in {None, *(v.name for v in case.variants)}


def test_a_misspelt_name_in_a_case_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text('title = "t"\nkind = "throughput"\n[workload]\nsensors = 1\nreadngs = 5\n')

    with pytest.raises(WrongCase, match=r"odd\.toml.*\n.*\n.*\n*.*readngs"):
        load(tmp_path / "odd.toml")


def test_a_variant_and_what_an_engine_gets_instead_change_the_workload() -> None:
    assert CASE.workload_of(CASE.variants[0], "hub").sensors == 5
    assert CASE.workload_of(None, "kstreams").readings == 4
    assert CASE.scaled(3, 1).workload_of(None, "kstreams").readings == 3
    assert CASE.row_name(CASE.variants[0]) == "c/more"


def test_a_row_tells_the_median_and_is_right_only_if_every_run_was() -> None:
    row = report.median_row("c", "hub", [_ran(1), _ran(5), _ran(3)])
    spoilt = report.median_row("c", "hub", [_ran(1), _ran(5, "7 windows differ"), _ran(3)])

    assert (row.readings_per_s, row.cpu_s_per_million, row.rss_mb, row.correct) == (3, 1.0, 3, True)
    assert not spoilt.correct and spoilt.more["wrong"] == "7 windows differ"


def test_a_json_line_begins_with_the_promised_fields_and_is_read_back(tmp_path: Path) -> None:
    rows = [report.median_row("c", "hub", [_ran(3)]), report.failed("c", "kstreams", "there is no javac")]

    report.append(tmp_path / "out.json", rows)

    first = json.loads((tmp_path / "out.json").read_text().splitlines()[0])
    assert list(first)[:6] == ["case", "engine", "readings_per_s", "cpu_s_per_million", "rss_mb", "correct"]
    assert report.read(tmp_path / "out.json") == rows
    assert report.read(tmp_path / "none.json") == []


@pytest.mark.parametrize(
    ("hub", "peer", "said"),
    [
        ([_ran(30)], [_ran(10)], "met "),
        ([_ran(29)], [_ran(10)], "MISSED "),
        ([_ran(30, "wrong")], [_ran(10)], "MISSED "),
        ([_ran(30)], None, "not measured "),
    ],
)
def test_a_target_is_met_only_by_right_output_that_is_fast_enough(
    hub: list[Ran], peer: list[Ran] | None, said: str
) -> None:
    rows = [report.median_row("c", "hub", hub)]
    rows += [report.median_row("c", "kstreams", peer)] if peer else [report.failed("c", "kstreams", "no javac")]

    (verdict,) = report.verdicts(CASE, rows)

    assert verdict.startswith(said)


def test_the_table_says_why_an_engine_failed_and_what_disturbed() -> None:
    busy = _ran(3)
    busy.more["others_share"] = 0.5

    said = _printed([report.median_row("c", "hub", [busy]), report.failed("c", "flink", "there is no javac")])

    assert "c flink: there is no javac" in said
    assert "measure again for c hub" in said
    assert "measure again" not in _printed([report.median_row("c", "hub", [_ran(3)])])
