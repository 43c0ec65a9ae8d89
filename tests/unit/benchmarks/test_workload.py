"""A workload is what its file says, and the same every time."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from streams.contract.readings import READINGS, Domain
from streams.contract.times import parse_ms
from streams.engine.decode import Decoder
from streams.engine.directory import Directory
from streams.engine.records import Texts
from streams.kafka import partition_of
from streams.registry import load
from streams.rulebook import load as rules_of
from tests.benchmarks import city
from tests.benchmarks.case import Workload
from tests.benchmarks.workload import (
    BROKEN,
    HOUR_MS,
    KINDS,
    REPEAT_WITHIN_S,
    last_beginning,
    last_words,
    readings_of,
    sensor_ids,
)

BEGIN_MS = parse_ms("2026-11-24T10:00:00Z")
SMALL = Workload(sensors=50, readings=5_000, span_s=600, out_of_order=0.1, malformed=0.02, duplicates=0.03)
DOMAINS: list[Domain] = ["air-quality", "traffic", "disaster"]


def _bytes(workload: Workload) -> list[bytes]:
    return [value for _, values in readings_of(workload, BEGIN_MS).blocks() for value in values]


def _digest(workload: Workload) -> str:
    return hashlib.sha256(b"\n".join(_bytes(workload))).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    assert _digest(SMALL) == _digest(SMALL)
    assert _digest(SMALL) != _digest(SMALL.model_copy(update={"seed": 8}))


def test_the_bytes_do_not_depend_on_how_they_are_cut_into_blocks() -> None:
    readings = readings_of(SMALL, BEGIN_MS)

    pieces = [v for _, values in readings.blocks(size=77) for v in values]

    assert pieces == _bytes(SMALL)


def test_the_shares_of_the_case_are_kept() -> None:
    readings = readings_of(SMALL.model_copy(update={"sensors": 500, "readings": 50_000}), BEGIN_MS)
    earlier = np.maximum.accumulate(readings.at_ms) - readings.at_ms

    assert readings.malformed.mean() == pytest.approx(0.02, abs=0.003)
    assert readings.repeat.mean() == pytest.approx(0.03, abs=0.003)
    assert (earlier > 1000).mean() == pytest.approx(0.1, abs=0.01)
    assert earlier.max() <= (SMALL.out_of_order_s + REPEAT_WITHIN_S) * 1000
    assert set(readings.sensor.tolist()) == set(range(500))


def test_no_two_readings_of_a_sensor_fall_together_unless_one_is_a_repeat() -> None:
    dense = Workload(sensors=10, readings=60_000, span_s=60, out_of_order=0.5, duplicates=0.01)
    readings = readings_of(dense, BEGIN_MS)
    seen = Counter(
        zip(readings.sensor[~readings.repeat].tolist(), readings.at_ms[~readings.repeat].tolist(), strict=True)
    )

    assert max(seen.values()) == 1


def test_sensors_that_would_speak_too_often_are_refused() -> None:
    with pytest.raises(ValueError, match="more than once in two milliseconds"):
        readings_of(Workload(sensors=1, readings=60_000, span_s=60), BEGIN_MS)


def test_a_repeat_is_its_original_byte_for_byte_and_follows_it() -> None:
    readings, values = readings_of(SMALL, BEGIN_MS), _bytes(SMALL)
    repeats = np.flatnonzero(readings.repeat).tolist()

    assert repeats
    assert all(values[i] in values[max(i - 200, 0) : i] for i in repeats)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_contract_takes_every_reading_and_refuses_every_malformed_one(domain: Domain) -> None:
    workload = SMALL.model_copy(update={"domains": [domain], "malformed": 0.2})
    readings, values = readings_of(workload, BEGIN_MS), _bytes(workload)

    columns = Decoder(domain, Directory(sensor_ids(workload))).decode(Texts.of(values))

    assert sorted(i for i, _ in columns.rejected) == np.flatnonzero(readings.malformed).tolist()
    assert columns.at_ms.tolist() == readings.at_ms[~readings.malformed].tolist()


def test_every_way_of_being_malformed_is_refused() -> None:
    value = _bytes(SMALL.model_copy(update={"malformed": 0.0}))[0]

    broken = [each(value) for each in BROKEN]

    assert len(set(broken)) == len(BROKEN)
    assert len(Decoder("air-quality", Directory([])).decode(Texts.of(broken)).rejected) == len(BROKEN)


def test_what_is_sent_last_lies_beyond_every_window_of_the_span() -> None:
    told = last_words(SMALL, BEGIN_MS, {"air-quality": [0, 7]})

    assert [number for number, _ in told] == [0, 7]
    for _, value in told:
        reading: dict[str, Any] = json.loads(value)
        READINGS["air-quality"].model_validate(reading)
        assert parse_ms(reading["observed_at"]) >= BEGIN_MS + HOUR_MS + 60_000


@pytest.mark.parametrize("span_s", [600, 3600, 5400])
def test_a_span_and_the_words_after_it_lie_in_the_past(span_s: int) -> None:
    now_ms = BEGIN_MS + 12_345

    begin_ms = last_beginning(now_ms, span_s)

    assert begin_ms % HOUR_MS == 0
    _, value = last_words(SMALL.model_copy(update={"span_s": span_s}), begin_ms, {"air-quality": [0]})[0]
    assert parse_ms(json.loads(value)["observed_at"]) < now_ms


def test_its_city_has_its_sensors_with_rules_or_without(tmp_path: Any) -> None:
    workload = SMALL.model_copy(update={"domains": DOMAINS})

    with_rules = city.write_seeds(tmp_path / "with", workload)
    without = city.write_seeds(tmp_path / "without", workload.model_copy(update={"rules": False}))

    known = load(with_rules)
    readings = readings_of(workload, BEGIN_MS)
    assert sorted(known.sensors) == sorted(readings.ids)
    assert [known.sensors[i].kind for i in readings.ids] == [KINDS[k].name for k in readings.kind_of.tolist()]
    assert rules_of(with_rules) and not rules_of(without)


def test_one_sensor_is_named_for_each_partition_of_each_domain() -> None:
    workload = SMALL.model_copy(update={"domains": DOMAINS, "sensors": 90})
    ids = readings_of(workload, BEGIN_MS).ids

    found = city.one_of_each_partition(workload, 4)

    assert set(found) == set(DOMAINS)
    for numbers in found.values():
        assert sorted(partition_of(ids[n].encode(), 4) for n in numbers) == [0, 1, 2, 3]
