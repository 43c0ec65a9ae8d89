"""The seeds' README leaves no file out and names none that is not there."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

SEEDS = Path(__file__).parents[3] / "seeds"


def test_every_file_of_the_seeds_has_its_row_and_every_row_its_file() -> None:
    table = (SEEDS / "README.md").read_text(encoding="utf-8").partition("## Files")[2].partition("###")[0]
    rows = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    files = [str(p.relative_to(SEEDS)) for p in SEEDS.rglob("*") if p.is_file() and p.name != "README.md"]

    assert [file for file in files if not any(fnmatch(file, row) for row in rows)] == []
    assert [row for row in rows if not any(fnmatch(file, row) for file in files)] == []
