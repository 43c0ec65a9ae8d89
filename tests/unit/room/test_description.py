"""What the page is told of rules: the threshold that a value reaches by itself, and what is calculated rather than read."""

from __future__ import annotations

from pathlib import Path

from streams import registry
from streams.room.description import described
from tests.support.small_city import write_seeds
from tests.support.timeline import level, rule

SUM = {"measure": "rainfall_mm", "window": "sliding", "window_s": 3600, "aggregate": "sum"}
ALSO = [{"window_s": 10_800, "at_least": 90}]


def test_a_threshold_is_what_a_value_reaches_by_itself(tmp_path: Path) -> None:
    extreme = rule(
        "extreme",
        SUM,
        level("advisory", {"at_least": 50}, {"below": 25}),
        level("warning", {"at_least": 50, "also": ALSO, "or_at_least": 72}, {"below": 40}),
        level("serious_warning", {"at_least": 60, "also": ALSO}, {"below": 50}),
    )
    calm = rule("calm", SUM | {"direction": "below"}, level("advisory", {"at_most": 1}, {"above": 2}))

    told = described(registry.load(write_seeds(tmp_path)), [extreme, calm])["rules"]

    assert [[one["raise"] for one in each["levels"]] for each in told] == [[50, 72, None], [1]]


def test_what_is_calculated_has_its_words_and_no_unit(tmp_path: Path) -> None:
    index = described(registry.load(write_seeds(tmp_path)), [])["measures"]["cai"]
    assert (index["label"]["ko"], index["unit"], index["decimals"]) == ("통합대기환경지수", "", 0)
