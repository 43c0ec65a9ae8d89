"""The calculation that judges every engine, against one that is slower still; and what it says of wrong output."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import numpy as np
import orjson
import pytest

from streams.contract.readings import Domain
from streams.contract.times import parse_ms
from tests.benchmarks import expected
from tests.benchmarks.case import Workload
from tests.benchmarks.engines.hub import expected_counts
from tests.benchmarks.expected import Windows
from tests.benchmarks.workload import KINDS, readings_of

BEGIN_MS = parse_ms("2026-11-24T10:00:00Z")
DOMAINS: list[Domain] = ["air-quality", "traffic", "disaster"]
WORKLOAD = Workload(
    sensors=40, readings=3_000, span_s=4200, domains=DOMAINS, out_of_order=0.2, malformed=0.05, duplicates=0.05
)
MEASURES = {signal.measure for kind in KINDS for signal in kind.signals}
READINGS = readings_of(WORKLOAD, BEGIN_MS)


def _by_hand(window_s: int) -> dict[tuple[str, str, int], list[float]]:
    """From the bytes alone, one by one."""
    found: dict[tuple[str, str, int], dict[int, Fraction]] = defaultdict(dict)
    row = 0
    for _, values in READINGS.blocks():
        for value in values:
            if not READINGS.malformed[row]:
                reading = orjson.loads(value)
                at_ms = parse_ms(reading["observed_at"])
                instant = at_ms - 1 if reading.get("period_s") else at_ms
                for measure in MEASURES & reading.keys():
                    key = reading["sensor_id"], measure, instant - instant % (window_s * 1000)
                    found[key].setdefault(at_ms, Fraction(str(reading[measure])))
            row += 1
    out = {}
    for key, by_time in found.items():
        v, total = list(by_time.values()), float(sum(by_time.values()))
        out[key] = [len(v), total, total / len(v), float(min(v)), float(max(v)), float(by_time[max(by_time)])]
    return out


def _keyed(windows: Windows) -> dict[tuple[str, str, int], list[float]]:
    keys = zip(windows.sensor.tolist(), windows.measure.tolist(), windows.start_ms.tolist(), strict=True)
    return dict(zip(keys, windows.numbers.tolist(), strict=True))


@pytest.mark.parametrize("window_s", [60, 3600])
def test_it_equals_a_calculation_from_the_bytes_one_by_one(window_s: int) -> None:
    assert _keyed(expected.windows(READINGS, window_s)) == _by_hand(window_s)


def test_equal_windows_are_right() -> None:
    wanted = expected.windows(READINGS, 60)

    assert expected.difference(wanted, wanted, exact=True) is None


def test_one_count_too_few_is_told_with_its_place() -> None:
    wanted = expected.windows(READINGS, 60)
    numbers = wanted.numbers.copy()
    numbers[3, 0] -= 1

    said = expected.difference(wanted._replace(numbers=numbers), wanted, exact=False)

    assert said is not None and said.startswith("1 of ") and f"{wanted.sensor[3]} {wanted.measure[3]}" in said


def test_a_missing_window_and_one_that_nobody_wants_are_told() -> None:
    wanted = expected.windows(READINGS, 60)
    rest = Windows._make(column[1:] for column in wanted)

    assert "missing" in (expected.difference(rest, wanted, exact=False) or "")
    assert "not wanted" in (expected.difference(wanted, rest, exact=False) or "")


def test_a_window_told_twice_is_wrong_unless_repeats_are_allowed() -> None:
    wanted = expected.windows(READINGS, 60)
    twice = expected.gathered([wanted, Windows._make(column[:1] for column in wanted)])

    assert "more than once" in (expected.difference(twice, wanted, exact=True) or "")
    assert expected.difference(expected.without_repeats(twice), wanted, exact=True) is None


def test_a_repeat_that_says_something_else_stays_wrong() -> None:
    wanted = expected.windows(READINGS, 60)
    other = Windows._make(column[:1] for column in wanted)
    twice = expected.gathered([wanted, other._replace(numbers=other.numbers + 1)])

    assert expected.difference(expected.without_repeats(twice), wanted, exact=True) is not None


def test_a_peers_sum_may_be_rounded_and_the_hubs_may_not() -> None:
    wanted = expected.windows(READINGS, 60)
    numbers = wanted.numbers.copy()
    numbers[0, 1] = np.nextafter(numbers[0, 1], np.inf)
    found = wanted._replace(numbers=numbers)

    assert expected.difference(found, wanted, exact=False) is None
    assert expected.difference(found, wanted, exact=True) is not None


def test_the_account_is_of_values_and_malformed_records() -> None:
    windows = expected.windows(READINGS, 60)

    counts = expected_counts(READINGS)

    assert counts["windowed"] == int(windows.numbers[:, 0].sum())
    assert counts["rejected"] == int(READINGS.malformed.sum())
    assert counts["duplicate"] > 0
