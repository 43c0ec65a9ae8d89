"""What other rules would have changed: matching alerts of different onsets, and telling how they differ."""

from __future__ import annotations

from io import StringIO
from typing import get_args

import pytest
from rich.console import Console

from deploy.rules.command import _seconds
from deploy.rules.difference import AlertLife, Difference, Kind, StepTold, differences, lives_of
from deploy.rules.differences_shown import print_comparison
from deploy.rules.dry_run import Comparison
from deploy.rules.explanation_shown import Language
from deploy.rules.offline import AlertState
from streams.contract.alerts import Alert, Bilingual, Level, Scope
from streams.contract.times import compact_ms, from_ms
from streams.errors import WrongInput

BEGIN_MS = 1_662_390_000_000
"""2022-09-05T15:00:00Z, midnight in Korea."""


def _life(
    *steps: tuple[int, Level | None], scope: str = "rain-1", exercise: str | None = None, past: bool = False
) -> AlertLife:
    """An alert with its steps, in minutes."""
    at_ms = [BEGIN_MS + minute * 60_000 for minute, _ in steps]
    return AlertLife(
        alert_id=f"rain:{scope}:{compact_ms(at_ms[0])}" + (f":{exercise}" if exercise else ""),
        rule_id="rain",
        scope_id=scope,
        exercise=exercise,
        headline=Bilingual(ko="비", en="Rain"),
        onset=from_ms(at_ms[0]),
        is_past=past,
        steps=tuple(StepTold(at=from_ms(ms), level=level) for ms, (_, level) in zip(at_ms, steps, strict=True)),
    )


A, B = _life((0, "advisory"), (30, None)), _life((60, "advisory"), (90, "warning"), (120, None))


def _kinds(before: list[AlertLife], after: list[AlertLife]) -> tuple[list[tuple[Kind, float]], int]:
    found = differences(before, after)
    return [(each.kind, each.shift_s) for each in found.different], found.same


def test_alerts_of_both_are_the_same() -> None:
    assert _kinds([A, B], [B, A]) == ([], 2)


@pytest.mark.parametrize(
    ("after", "kind", "shift_s"),
    [
        (_life((10, "advisory"), (30, None)), "later", 600),
        (_life((-10, "advisory"), (30, None)), "earlier", -600),
        (_life((0, "warning"), (30, None)), "levels", 0),
        (_life((0, "advisory"), (31, None)), "times", 0),
        (_life((0, "advisory")), "times", 0),
    ],
)
def test_one_that_overlaps_is_the_same_alert_told_otherwise(after: AlertLife, kind: Kind, shift_s: float) -> None:
    assert _kinds([A, B], [after, B]) == ([(kind, shift_s)], 1)


@pytest.mark.parametrize(
    "other",
    [
        _life((30, "advisory"), (40, None)),
        _life((5, "advisory"), (40, None), scope="rain-2"),
        _life((5, "advisory"), (40, None), exercise="flood"),
    ],
    ids=["another time", "another place", "an exercise"],
)
def test_one_of_another_time_or_place_or_exercise_is_another(other: AlertLife) -> None:
    found, same = _kinds([A], [other])

    assert (sorted(found), same) == ([("gone", 0), ("raised", 0)], 0)


def test_the_nearest_of_several_is_the_same_one() -> None:
    near, far = _life((12, "advisory"), (14, None)), _life((20, "advisory"), (25, None))

    assert _kinds([A], [far, near]) == ([("later", 720), ("raised", 0)], 0)


def test_what_had_ended_before_is_left_out_unless_the_other_rules_prolong_it() -> None:
    past = _life((0, "advisory"), (30, None), past=True)

    assert _kinds([past], []) == _kinds([], [past]) == _kinds([past], [past]) == ([], 0)
    assert _kinds([past], [_life((0, "advisory"), (90, None))]) == ([("times", 0)], 0)


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("24h", 86_400), ("3d", 259_200)])
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert _seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "24", "0h", "-1h", "1.5h", "1w", "24 h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(WrongInput, match="--since"):
        _seconds(text)


# -- page ---------------------------------------------------------------------------------------------------------------


def _comparison(*different: Difference, cut: bool = False) -> Comparison:
    return Comparison(
        since=from_ms(BEGIN_MS),
        read_from=from_ms(BEGIN_MS - 7_200_000),
        run_in_s=7200,
        is_cut=cut,
        records=12_345,
        added=[],
        removed=[],
        changed=["rain"],
        different=list(different),
        same=7,
    )


def _page(found: Comparison, lang: Language) -> str:
    out = StringIO()
    print_comparison(found, Console(file=out, width=200, highlight=False), lang)
    return out.getvalue()


def test_a_page_tells_both_lives_of_an_alert_and_what_was_read() -> None:
    later = Difference(kind="later", before=A, after=_life((10, "advisory"), (30, None)), shift_s=600)

    ko, en = _page(_comparison(later), "ko"), _page(_comparison(later, cut=True), "en")

    for text in ("10분 더 늦게", "09-06 00:00 주의보 → 00:30 해제", "같은 경보 7건", "2시간 앞선", "아무것도 발행하지"):
        assert text in ko
    for text in ("10 min later", "09-06 00:10 Advisory → 00:30 ended", "7 alerts the same, 1 later", "no longer keeps"):
        assert text in en
    assert "no longer" not in _page(_comparison(later), "en")


def test_a_page_says_that_no_alert_differs() -> None:
    assert "7 alerts the same, no alert differs" in _page(_comparison(), "en")


def test_every_kind_of_difference_has_its_words() -> None:
    for kind in get_args(Kind):
        found = _comparison(Difference(kind=kind, before=A, after=B, shift_s=0))
        assert "1" in _page(found, "ko") and "1" in _page(found, "en")


def test_two_announcements_for_one_zone_are_two_alerts() -> None:
    example = Alert.model_validate(Alert.model_config["json_schema_extra"]["examples"][0])  # type: ignore[index,call-overload]
    about_zone = example.model_copy(update={"scope": Scope(zone="ocheon-eup"), "rule_id": "flood-notice"})
    one, other = (about_zone.model_copy(update={"alert_id": f"flood-notice:{number}"}) for number in (1, 2))
    before, after = ([AlertState("raised", each)] for each in (one, other))
    found = differences(lives_of({one.alert_id: before}, ()), lives_of({other.alert_id: after}, ()))
    assert {each.kind for each in found.different} == {"raised", "gone"}
