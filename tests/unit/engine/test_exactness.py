"""The readings stage is a pure function of its log: of its cuts, of crashes, of speed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import ALERT_EVENTS, REJECTED, readings_topic, windows_topic
from streams.engine.event_partitions import ONE
from streams.engine.judging import watch_of
from streams.engine.outputs import Out, Outputs
from streams.engine.panes import MICRO
from streams.engine.readings_stage import ReadingsStage
from tests.support import strategies
from tests.support.naive_readings import NaiveReadings
from tests.support.strategies import Entry
from tests.support.timeline import DAY_MS, RAIN, RIVER, RULES, SLOW, Raw, roster_of, sensor

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""A log that fails is told as it was found: making it smaller takes minutes."""
AWAY = sensor("away-1")
SENSORS = [AWAY, RAIN, RIVER, SLOW]
DELAYS_MS = {s.sensor_id: round(s.delay_s * 1000) for s in SENSORS}
SENT = ["rain-1"] * 4 + ["river-1"] * 4 + ["slow-1"] * 4 + ["away-1", "nobody", "", "rain-1"]
"""Sensor by the entry's third number; an empty one is a record that cannot be read."""


def _reading(entry: Entry, arrival_ms: int) -> dict[str, Any] | None:
    _, lag_s, what, value, exercise = entry
    if not SENT[what]:
        return None
    values = {"rainfall_mm": value * 7} if SENT[what] == "rain-1" else {"water_level_m": value / 2}
    if value % 3 == 0:
        values["wind_speed_ms"] = value * 2.5
    return {
        "sensor_id": SENT[what],
        "at_ms": arrival_ms - lag_s * 1000 - arrival_ms % 1000 * (value % 2),
        "exercise": f"exercise-{exercise}" if exercise else None,
        "set_aside": what in (3, 7, 15),
        "period": SENT[what] == "slow-1",
        "values": {name: round(v * MICRO) for name, v in values.items()},
    }


def _log(entries: list[Entry]) -> tuple[list[Raw], list[dict[str, Any] | None]]:
    arrival_ms, records, readings = DAY_MS, [], []
    for offset, entry in enumerate(entries):
        arrival_ms += entry[0] * 1000 + entry[3] % 3 * 500
        reading = _reading(entry, arrival_ms)
        value = b"{"
        if reading is not None:
            said = {"sensor_id": reading["sensor_id"], "observed_at": format_ms(reading["at_ms"])}
            said |= {name: micro / MICRO for name, micro in reading["values"].items()}
            said |= {"exercise": reading["exercise"]} if reading["exercise"] else {}
            said |= {"quality": "suspect"} if reading["set_aside"] else {}
            said |= {"period_s": 3600} if reading["period"] else {}
            value = json.dumps(said).encode()
        records.append(Raw(offset, arrival_ms, value))
        readings.append(reading)
    return records, readings


def _stage() -> ReadingsStage:
    roster = roster_of(SENSORS, home_of=lambda sensor_id: int(sensor_id == "away-1"))
    return ReadingsStage(roster, watch_of(RULES, roster), 0, ONE)


class Sent:
    """What readers of the topics have in the end, each record once."""

    def __init__(self) -> None:
        self.finals: dict[tuple[Any, ...], tuple[int, ...]] = {}
        self.alerts: dict[str, dict[int, dict[str, Any]]] = {}
        self.rejected: dict[int, tuple[str, bytes]] = {}
        self.forwarded: list[int] = []

    def read(self, out: Outputs) -> None:
        for topic, partition, record in out.each():
            if topic == windows_topic("disaster"):
                self._window(json.loads(record.value or b""))
            elif topic == ALERT_EVENTS:
                self._event(json.loads(record.value or b""))
            elif topic == REJECTED:
                self._dead_letter(record)
            else:
                assert (topic, partition) == (readings_topic("disaster"), 1)
                origin = dict(record.headers)["forwarded_from"].decode()
                self.forwarded.append(int(origin.rsplit("-", 1)[1]))

    def _window(self, w: dict[str, Any]) -> None:
        if w["final"]:
            series = w.get("exercise"), w["sensor_id"], w["measure"]
            key = (*series, w["window_s"], parse_ms(w["start"]), w["revision"])
            told = w["count"], *(round(w[name] * MICRO) for name in ("sum", "min", "max", "last"))
            assert w["mean"] == w["sum"] / w["count"]
            assert key not in self.finals, "it is told twice"
            self.finals[key] = told

    def _event(self, event: dict[str, Any]) -> None:
        steps = self.alerts.setdefault(event["alert_id"], {})
        assert event["step"] not in steps, "it is told twice"
        steps[event["step"]] = event

    def _dead_letter(self, record: Out) -> None:
        head = dict(record.headers)
        told = head["reason"].decode(), record.value
        assert int(head["offset"]) not in self.rejected, "it is told twice"
        self.rejected[int(head["offset"])] = told


def _run(records: list[Raw], cuts: list[int], *, released_ms: int | None = None) -> tuple[ReadingsStage, Sent]:
    stage, sent, begin = _stage(), Sent(), 0
    for cut in [*sorted(cuts), len(records)]:
        stage.step(records[begin:cut])
        stage.tick(records[min(cut, len(records) - 1)].timestamp)
        assert stage.accounts.received == stage.accounts.totals.total()
        begin = cut
    if released_ms is not None:
        stage.release_idle(released_ms)
    out, stage.out = stage.out, Outputs()
    sent.read(out)
    return stage, sent


def _outcomes(stage: ReadingsStage) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, outcome, _), n in stage.accounts.values.items():
        found[outcome] += n
    return found


@settings(max_examples=50, phases=PHASES)
@given(strategies.logs, st.lists(st.integers(0, 60), max_size=6))
def test_windows_and_outcomes_are_those_of_the_slow_way(entries: list[Entry], cuts: list[int]) -> None:
    records, readings = _log(entries)
    naive = NaiveReadings(DELAYS_MS, {"away-1"})
    for record, reading in zip(records, readings, strict=True):
        naive.take(record.offset, record.timestamp, reading)
    released_ms = records[-1].timestamp + 7_000_000
    naive.release(released_ms)

    stage, sent = _run(records, [c for c in cuts if c < len(records)], released_ms=released_ms)

    assert sent.finals == naive.finals
    assert [(offset, reason) for offset, (reason, _) in sorted(sent.rejected.items())] == naive.rejected
    assert sent.forwarded == naive.forwarded
    received = sum(len(r["values"]) if r else 1 for r in readings)
    assert sum(naive.outcomes.values()) == received == stage.accounts.received
    if not naive.dropped:  # an exercise's counts are dropped with its state
        assert _outcomes(stage) == naive.outcomes


@settings(max_examples=50, phases=PHASES)
@given(strategies.logs, st.lists(st.integers(1, 60), max_size=12))
def test_no_result_depends_on_where_the_log_is_cut(entries: list[Entry], cuts: list[int]) -> None:
    records, _ = _log(entries)
    whole_stage, whole = _run(records, [])
    cut_stage, cut = _run(records, [c for c in cuts if c < len(records)])
    assert vars(cut) == vars(whole)
    assert vars(cut_stage.accounts) == vars(whole_stage.accounts)


ACTIONS = ["apply", "apply", "commit", "checkpoint", "crash"]


@settings(max_examples=70, phases=PHASES)
@given(strategies.logs, st.lists(st.tuples(st.integers(1, 12), st.sampled_from(ACTIONS)), max_size=25))
def test_a_crash_anywhere_changes_nothing(entries: list[Entry], actions: list[tuple[int, str]]) -> None:
    records, _ = _log(entries)
    whole_stage, whole = _run(records, [])
    whole_stage.release_idle(records[-1].timestamp + 7_000_000)
    whole.read(whole_stage.out)

    stage, sent, begin = _stage(), Sent(), 0
    kept, resume, told = stage.snapshot(), 0, 0
    for length, action in [*actions, (len(records), "apply")]:
        if action == "crash":
            stage = _stage()
            stage.restore(kept)
            stage.step(records[resume:told])
            stage.out, begin = Outputs(), max(resume, told)
        end = min(begin + length, len(records))
        stage.step(records[begin:end])
        begin = end
        stage.tick(records[max(end - 1, 0)].timestamp)
        if action in ("commit", "checkpoint"):
            out, stage.out = stage.out, Outputs()
            sent.read(out)
            told = stage.applied + 1
            if out.once or action == "checkpoint":
                kept, resume = stage.snapshot(), stage.resume_offset()
    stage.step(records[begin:])
    stage.release_idle(records[-1].timestamp + 7_000_000)
    sent.read(stage.out)

    assert sent.finals == whole.finals
    assert sent.rejected == whole.rejected
    assert sent.alerts == whole.alerts
    assert sent.forwarded == whole.forwarded
    assert vars(stage.accounts) == vars(whole_stage.accounts)
