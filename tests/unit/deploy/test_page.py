"""When the page is built: once for each state of its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import page
from streams.errors import Unavailable


@pytest.fixture
def ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page whose build copies its source, with npm replaced by a program of the same name on the path."""
    folder = tmp_path / "ui"
    (folder / "src").mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    (folder / "src" / "page.txt").write_text("first")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "node").write_text("#!/bin/sh\nexit 0\n")
    (tools / "npm").write_text(
        "#!/bin/sh\n"
        'echo "$*" >>calls\n'
        "case $1 in\n"
        "--version) ;;\n"
        "ci) mkdir -p node_modules; touch node_modules/.package-lock.json ;;\n"
        'run) grep -q broken src/page.txt && { echo "page.txt:1 error: broken"; exit 1; }\n'
        "  mkdir -p ../static; cp src/page.txt ../static/index.html ;;\n"
        "esac\n"
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("URBANHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(page, "UI", folder)
    monkeypatch.setattr(page, "STATIC", tmp_path / "static")
    monkeypatch.setattr(page, "_BUILT_FROM", tmp_path / "static" / ".built-from")
    monkeypatch.setattr(page, "_NOT_SOURCES", {"node_modules", "calls"})
    return folder


async def test_it_is_built_once_and_again_when_a_source_changed(ui: Path) -> None:
    steps: list[str] = []
    (ui / "calls").unlink(missing_ok=True)
    assert await page.build_page(steps.append)
    assert (page.STATIC / "index.html").read_text() == "first"
    assert len(steps) == 2
    digest = page._digest()
    (ui / "src" / "page.txt").write_text("second")
    assert page._digest() != digest
    assert not page.is_current()


async def test_a_build_that_fails_says_why_and_leaves_the_page_uncurrent(ui: Path) -> None:
    (ui / "src" / "page.txt").write_text("broken")
    with pytest.raises(Unavailable, match="error: broken"):
        await page.build_page(lambda step: None)
    assert not page.is_current()


async def test_an_installed_package_without_sources_is_taken_as_it_is(ui: Path) -> None:
    (ui / "package.json").unlink()
    with pytest.raises(Unavailable, match="missing from this installation"):
        await page.build_page(lambda step: None)
    page.STATIC.mkdir()
    (page.STATIC / "index.html").write_text("built elsewhere")
    assert not await page.build_page(lambda step: None)
