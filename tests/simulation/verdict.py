"""A run against what was expected: everything that is wrong with it, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import orjson

from deploy.oracle import Change, Window
from streams.contract.times import parse_ms
from streams.contract.topics import (
    ALERT_EVENTS,
    ALERTS,
    CHECKPOINTS,
    COMMANDS,
    READING_TOPICS,
    REJECTED,
    WINDOW_TOPICS,
    ZONE_INPUTS,
)
from streams.engine import readings_stage, snapshot, zones_stage
from streams.engine.watermark import NEVER_MS
from streams.worker import checkpoints
from tests.simulation import city
from tests.simulation.cluster import Fetched, Place
from tests.simulation.expected import Expected, Kept, Letter, WindowKey, expect
from tests.simulation.feed import BAD_COMMANDS
from tests.simulation.lives import lives_of, state_of
from tests.simulation.simulator import Run
from tests.simulation.zones import Progress, progress_of

AGGREGATES = ("count", "sum", "mean", "min", "max", "last")
MOST_TOLD = 8
TOLD_MS = 10_000
"""What a partition tells of its progress may be so old: each of its steps waits for a second or a commit."""


def complaints(run: Run) -> list[str]:
    """What is wrong with a run; nothing, if all is well."""
    found = list(run.wrong)
    if not run.kinds:
        found += [f"a worker ended by itself though nothing broke: {why}" for why in run.ended]
    logs = {place: log.committed() for place, log in run.cluster.logs.items()}
    sets = list(_checkpoints(logs))
    found += _counting(sets)
    kept, states = _readings_kept(sets)
    zones = {each.place.partition: each for each in sets if each.stage == zones_stage.NAME}
    told = progress_of(logs, {p: each.numbers["applied"] for p, each in zones.items()})
    expected = expect(city.simulated(), {p: log for p, log in logs.items() if p.topic in run.inputs}, kept, told)
    found += expected.wrong
    found += _told(run, told, expected)
    found += _zones(zones, expected)
    found += _windows(logs, expected)
    found += _events(logs, expected)
    found += _states(logs, expected)
    found += _letters(logs, expected)
    found += _forwarded(logs, expected)
    found += _accounts(states, expected)
    run.seen.update(expected.seen)
    return found


def _of(logs: dict[Place, list[Fetched]], *topics: str) -> Iterator[tuple[Place, Fetched]]:
    for place, log in logs.items():
        if place.topic in topics:
            for record in log:
                yield place, record


# -- checkpoints --------------------------------------------------------------------------------------------------------


class _Set:
    """The pieces of one checkpoint."""

    def __init__(self, key: str, numbers: dict[str, int]) -> None:
        _, self.stage, topic, partition, *_ = key.split("|")
        self.place, self.numbers = Place(topic, int(partition)), numbers
        self.pieces: dict[int, bytes] = {}
        self.committed_ms = 0

    @property
    def state(self) -> bytes:
        return b"".join(self.pieces[i] for i in range(self.numbers["pieces"]))


def _checkpoints(logs: dict[Place, list[Fetched]]) -> Iterator[_Set]:
    """Every checkpoint that was ever committed, in order."""
    under_way: dict[Place, _Set] = {}
    for _, record in _of(logs, CHECKPOINTS):
        key = (record.key or b"").decode()
        numbers = {name: int(n) for name, n in record.headers if name != checkpoints.BASIS}
        each = _Set(key, numbers)
        found = under_way.get(each.place)
        if found is None or found.numbers["set"] != numbers["set"]:
            found = under_way[each.place] = each
        found.pieces[int(key.rsplit("|", 1)[1])] = record.value or b""
        found.committed_ms = record.timestamp
        if len(found.pieces) == numbers["pieces"]:
            yield under_way.pop(each.place)


def _counting(sets: Iterable[_Set]) -> Iterator[str]:
    last: dict[Place, _Set] = {}
    for each in sets:
        before = last.get(each.place)
        number, applied = each.numbers["set"], each.numbers["applied"]
        if number != (1 if before is None else before.numbers["set"] + 1):
            yield f"checkpoint {number} of {each.place} follows {before and before.numbers['set']}"
        if before is not None and applied < before.numbers["applied"]:
            yield f"checkpoint {number} of {each.place} goes back to {applied}"
        last[each.place] = each


def _readings_kept(sets: Iterable[_Set]) -> tuple[dict[Place, list[Kept]], dict[Place, dict[str, Any]]]:
    kept: dict[Place, list[Kept]] = {}
    states: dict[Place, dict[str, Any]] = {}
    for each in sets:
        if each.stage == readings_stage.NAME:
            domain = each.place.topic.removeprefix("readings.")
            state = snapshot.unpack(f"{readings_stage.NAME}:{domain}", each.state)
            real = next(t for t in state["timelines"] if t["exercise"] is None)
            mark = real["watermark_ms"]
            numbers = each.numbers
            told = Kept(numbers["set"], numbers["applied"], None if mark == NEVER_MS else mark, each.committed_ms)
            kept.setdefault(each.place, []).append(told)
            states[each.place] = state
    return kept, states


def _accounts(states: dict[Place, dict[str, Any]], expected: Expected) -> Iterator[str]:
    for place, wanted in expected.values.items():
        counted: Counter[tuple[str, str]] = Counter()
        for exercise, outcome, _, n in states[place]["accounts"]["values"] if place in states else ():
            counted[exercise, outcome] += n
        if +counted != +wanted:
            differ = {k: (counted[k], wanted[k]) for k in {*counted, *wanted} if counted[k] != wanted[k]}
            yield f"accounts of {place} (counted, expected): {dict(sorted(differ.items()))}"
        if sum(counted.values()) + expected.dropped[place] != expected.received[place]:
            yield f"accounts of {place} do not come to the {expected.received[place]} values received"


# -- zones --------------------------------------------------------------------------------------------------------------


def _told(run: Run, told: dict[Place, Progress], expected: Expected) -> Iterator[str]:
    """At rest nothing holds up a zone: each partition says that it is read to now, and the silent ones are released."""
    since_ms = run.rested_ms - TOLD_MS
    for domain, times in city.simulated().known.times.items():
        for p in range(city.PARTITIONS) if domain in city.ZONED else ():
            each = told.get(Place(f"readings.{domain}", p), Progress())
            for q in range(city.PARTITIONS):
                if each.read_to_ms.get(q, 0) < since_ms:
                    yield f"readings.{domain}-{p} does not tell {ZONE_INPUTS}-{q} that it is read to the end"
            has_begun = any(held.partition == p and held.marks for held in expected.holdings[domain, ""])
            mark_ms = max((mine.watermark_ms or 0 for mine in each.told), default=0)
            if has_begun and mark_ms < since_ms - times.idle_ms - times.grace_ms:
                yield f"readings.{domain}-{p} is silent and not released to its zones"


def _zones(kept: dict[int, _Set], expected: Expected) -> Iterator[str]:
    """Each window of a sensor is counted once, in its zone or as late for it."""
    for q in range(city.PARTITIONS):
        domains = snapshot.unpack(zones_stage.NAME, kept[q].state)["domains"] if q in kept else {}
        counted = {(domain, what): n for domain, state in domains.items() for what, n in state["counts"].items()}
        if any(n for (_, what), n in counted.items() if what == "unawaited"):
            yield f"{ZONE_INPUTS}-{q} has not awaited everyone"
        mine = {key: n for key, n in counted.items() if key[1] in ("taken", "zone_late") and n}
        yield from _differences(f"{ZONE_INPUTS}-{q} count", mine, dict(+expected.zones.get(q, Counter())))


# -- windows ------------------------------------------------------------------------------------------------------------


def _windows(logs: dict[Place, list[Fetched]], expected: Expected) -> Iterator[str]:
    found: dict[WindowKey, Window] = {}
    finals: dict[tuple[Any, ...], Window] = {}
    lengths = {key[3] for key in expected.windows}
    for _, record in _of(logs, *WINDOW_TOPICS):
        said = orjson.loads(record.value or b"")
        if said["window_s"] not in lengths:
            continue
        start_ms = _ms(said["start"])
        names = (*AGGREGATES, "window_s", "final", "revision")
        window = Window(start_ms=start_ms, **{name: said[name] for name in names})
        key = said.get("exercise") or "", said["sensor_id"], said["measure"], window.window_s, start_ms
        before = found.get(key)
        if before is None or (before.revision, before.final) <= (window.revision, window.final):
            found[key] = window
        if window.final and finals.setdefault((*key, window.revision), window) is not window:
            yield f"final window {key} is told twice: {window}, was {finals[*key, window.revision]}"
    yield from _differences("window", found, expected.windows)


@lru_cache(1 << 12)
def _ms(text: str) -> int:
    return parse_ms(text)


def _differences(what: str, found: dict[Any, Any], wanted: dict[Any, Any]) -> Iterator[str]:
    wrong = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
    for key in wrong[:MOST_TOLD]:
        yield f"{what} {key} is {found.get(key)}, not {wanted.get(key)}"
    if len(wrong) > MOST_TOLD:
        yield f"{len(wrong)} of {len(wanted)} {what}s differ"


# -- alerts -------------------------------------------------------------------------------------------------------------


def _events(logs: dict[Place, list[Fetched]], expected: Expected) -> Iterator[str]:
    """The rules' events, each step once."""
    steps: dict[str, dict[int, dict[str, Any]]] = {}
    for _, record in _of(logs, ALERT_EVENTS):
        event = orjson.loads(record.value or b"")
        if event["transition"] != "commanded" and "cover" not in event:
            mine = steps.setdefault(event["alert_id"], {})
            if mine.setdefault(event["step"], event) is not event:
                yield f"step {event['step']} of {event['alert_id']} is told twice"
    for alert_id, mine in steps.items():
        if sorted(mine) != list(range(1, len(mine) + 1)):
            yield f"steps of {alert_id} have gaps: {sorted(mine)}"
    found = {alert_id: [_change(mine[step]) for step in sorted(mine)] for alert_id, mine in steps.items()}
    yield from _differences("alert", found, expected.alerts)


def _change(event: dict[str, Any]) -> Change:
    alert = {"level": None, "value": None, "threshold": None, **event["alert"]}
    return Change(
        rule_id=alert["rule_id"],
        scope=alert["scope"].get("sensor_id") or event["alert_id"].split(":")[1],
        transition=event["transition"],
        level=alert["level"],
        at_ms=parse_ms(event["at"]),
        value=alert["value"],
        threshold=alert["threshold"],
        onset_ms=parse_ms(alert["onset"]),
        condition_since_ms=parse_ms(alert["condition_since"]),
    )


def _states(logs: dict[Place, list[Fetched]], expected: Expected) -> Iterator[str]:
    """The alerts' states: each once, in order, as the events say; every command is one event or one dead letter."""
    commanded: Counter[str] = Counter()
    for p in range(city.PARTITIONS):
        events = logs[Place(ALERT_EVENTS, p)]
        for record in events:
            event = orjson.loads(record.value or b"")
            if event["transition"] == "commanded":
                commanded[event["received_from"]] += 1
        lives = lives_of(events)
        found = [state_of(record) for record in logs[Place(ALERTS, p)]]
        for state, n in Counter(state[:2] for state in found).items():
            if n > 1:
                yield f"sequence {state[1]} of {state[0]} stands {n} times"
        if found != lives.states:
            i = next((i for i, pair in enumerate(zip(found, lives.states, strict=False)) if pair[0] != pair[1]), -1)
            pair = (found[i], lives.states[i]) if i >= 0 else (len(found), len(lives.states))
            yield f"alerts-{p} differs from its events: {pair[0]}, not {pair[1]}"
        for received_from in lives.refused:
            topic, partition, offset = received_from.rsplit("-", 2)
            expected.letters[Letter(topic, int(partition), int(offset), "unknown_alert")] += 1
    wanted: Counter[str] = Counter()
    for place, record in _of(logs, COMMANDS):
        reason = BAD_COMMANDS.get(record.value or b"")
        if reason is None:
            wanted[f"{COMMANDS}-{place.partition}-{record.offset}"] += 1
        else:
            expected.letters[Letter(*place, record.offset, reason)] += 1
    yield from _differences("command", dict(commanded), dict(wanted))


# -- what is refused or passed on ---------------------------------------------------------------------------------------


def _letters(logs: dict[Place, list[Fetched]], expected: Expected) -> Iterator[str]:
    found: Counter[Letter] = Counter()
    for _, record in _of(logs, REJECTED):
        head = {name: text.decode() for name, text in record.headers}
        place = Place(head["topic"], int(head["partition"]))
        found[Letter(*place, int(head["offset"]), head["reason"])] += 1
        received = logs[place][-1:] and next((r for r in logs[place] if r.offset == int(head["offset"])), None)
        if received and (received.value or b"") != (record.value or b""):
            yield f"the dead letter of {place} {head['offset']} has other bytes"
    yield from _differences("dead letter", dict(found), dict(expected.letters))


def _forwarded(logs: dict[Place, list[Fetched]], expected: Expected) -> Iterator[str]:
    found: Counter[str] = Counter()
    home = city.simulated().home
    for place, record in _of(logs, *READING_TOPICS):
        origin = dict(record.headers).get("forwarded_from")
        if origin is not None:
            found[origin.decode()] += 1
            if home[orjson.loads(record.value or b"")["sensor_id"]] != place.partition:
                yield f"{origin.decode()} is passed on to {place}"
    yield from _differences("forwarded reading", dict(found), dict(expected.forwarded))
