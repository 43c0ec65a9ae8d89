"""The bulletins stage: announcements in, alert events out.

An alert's id is that of the announced event, so a revision changes its alert and never adds one.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from streams.contract import rejections
from streams.contract.alerts import AlertEvent, Bilingual, Transition
from streams.contract.bulletins import HELD_KINDS, Bulletin
from streams.contract.readings import MAX_RECORD_BYTES
from streams.contract.rejections import Rejection
from streams.contract.rules import Rule
from streams.contract.times import DAY_MS, from_ms, to_ms
from streams.contract.topics import BULLETINS, REJECTED
from streams.engine import snapshot
from streams.engine.alert_events import alert_id_of, end_event, send_event
from streams.engine.announced_levels import reached
from streams.engine.bulletin_alerts import BulletinAlerts
from streams.engine.changed_seeds import covers_of, place_now
from streams.engine.covers import send_cover
from streams.engine.dead_letter import dead_letter
from streams.engine.event_partitions import EventPartitions
from streams.engine.exercises import EXERCISE_KEPT_MS
from streams.engine.outputs import Outputs
from streams.engine.records import Record

NAME: Final = "bulletins"
ENDED: Final = Bilingual(ko="발표 기관이 해제했습니다.", en="The institution has lifted it.")
BELOW: Final = Bilingual(
    ko="정정 발표가 이 규칙의 기준에 미치지 않아 해제되었습니다.",
    en="As revised, it no longer reaches what this rule asks for.",
)
REPLACED: Final = Bilingual(ko="새 발표로 대체되었습니다.", en="A newer announcement has replaced it.")
KEPT_MS: Final = 90 * DAY_MS
"""A bulletin's state is dropped so long after its last revision: three times what the topic keeps."""


class _Known:
    """The last revision of one announcement, and where its alerts stand."""

    __slots__ = ("area", "arrived_ms", "digest", "exercise", "issued_ms", "revision", "standing")

    def __init__(self, exercise: str | None) -> None:
        self.exercise, self.revision, self.digest, self.arrived_ms, self.issued_ms = exercise, -1, 0, 0, 0
        self.area: list[str] | None = []
        self.standing: dict[str, list[int]] = {}
        """Per rule id: level index (-1 = none), step, onset ms."""


class BulletinsStage:
    """State of one partition of `bulletins`.

    Args:
        rules: all; those on announcements are taken.
        zone_names: by id.
        partition: which one.
        events: partitions of alert events.
        centre: of the city, from which distances count; longitude, latitude.
    """

    name: Final = NAME

    def __init__(
        self,
        rules: list[Rule],
        zone_names: dict[str, Bilingual],
        partition: int,
        events: EventPartitions,
        centre: tuple[float, float],
    ) -> None:
        self.partition = partition
        self._rules = [rule for rule in rules if rule.bulletin is not None]
        self._words, self._events, self._centre = BulletinAlerts(zone_names, centre), events, centre
        self._known: dict[str, _Known] = {}
        self.applied = -1
        self.superseded = 0
        self.out = Outputs()

    def step(self, records: Sequence[Record]) -> None:
        """Apply records in offset order; what is to be sent gathers in `out`."""
        for record in records:
            if record.offset > self.applied:
                self._apply(record)
                self.applied = record.offset
        if records:
            self._forget(records[-1].timestamp)

    def _apply(self, record: Record) -> None:
        read = read_record(Bulletin, record)
        if isinstance(read, Rejection):
            self.out.add(REJECTED, 0, dead_letter(record, read, BULLETINS, self.partition))
            return
        identity = _identity(read.bulletin_id, read.exercise)
        known = self._known.get(identity) or _Known(read.exercise)
        digest = zlib.crc32(record.value or b"")
        if (read.revision, digest) == (known.revision, known.digest) or read.revision < known.revision:
            self.superseded += 1
            return
        self._known[identity] = known
        known.revision, known.digest, known.arrived_ms = read.revision, digest, record.timestamp
        known.issued_ms, known.area = to_ms(read.issued_at), read.area
        # The new one first: what both of them cover is uncovered at no moment.
        self._judge_all(read, known, record.timestamp, ENDED)
        replaced = None if read.supersedes in (None, read.bulletin_id) else read.supersedes
        if replaced is not None and (old := self._known.get(_identity(replaced, read.exercise))):
            ended = read.model_copy(update={"bulletin_id": replaced, "cancelled": True})
            self._judge_all(ended, old, record.timestamp, REPLACED)

    def _judge_all(self, bulletin: Bulletin, known: _Known, arrived_ms: int, ended: Bilingual) -> None:
        for rule in self._rules:
            if rule.bulletin is not None and rule.bulletin.kind == bulletin.kind:
                self._judge(rule, bulletin, known, arrived_ms, ended)

    def _judge(self, rule: Rule, bulletin: Bulletin, known: _Known, arrived_ms: int, ended: Bilingual) -> None:
        onset = bulletin.occurred_at or bulletin.issued_at
        old, step, onset_ms = known.standing.get(rule.rule_id, [-1, 0, to_ms(onset)])
        new = -1 if bulletin.cancelled or not _takes(rule, bulletin) else reached(rule.levels, bulletin, self._centre)
        if old < 0 and new < 0:
            return
        transition: Transition = "revised"
        if new != old:
            transition = (
                "raised" if old < 0 else "cleared" if new < 0 else "stepped_up" if new > old else "stepped_down"
            )
        step += 1
        known.standing[rule.rule_id] = [new, step, onset_ms]
        words = rule.levels[new if new >= 0 else min(old, len(rule.levels) - 1)]
        why = None if new >= 0 else ended if bulletin.cancelled else BELOW
        alert = self._words.alert(rule, bulletin, words, step, onset_ms, ended=why)
        event = AlertEvent(
            alert_id=alert.alert_id,
            origin=f"bulletin:{bulletin.bulletin_id}",
            step=step,
            transition=transition,
            at=bulletin.issued_at,
            arrived_at=from_ms(arrived_ms),
            exercise=bulletin.exercise,
            level=alert.level,
            value=alert.value,
            alert=alert,
            held=bulletin.kind in HELD_KINDS,
        )
        send_event(self.out, event, self._events, rule.covers)
        if transition == "cleared" and not rule.covers:
            # A worker that was killed with other rules may have told a cover that no checkpoint knows of.
            send_cover(self.out, event, (), bulletin.area, self._events)

    def _forget(self, now_ms: int) -> None:
        self._known = {
            identity: known
            for identity, known in self._known.items()
            if now_ms - known.arrived_ms <= (KEPT_MS if known.exercise is None else EXERCISE_KEPT_MS)
        }

    def tick(self, now_ms: int) -> None:
        """Nothing of it is sent by the clock."""

    def caught_up(self, at_ms: int) -> None:
        """Nothing of it waits for the end of its input."""

    def release_idle(self, now_ms: int) -> bool:
        """Nothing of it waits for a clock."""
        return False

    def resume_offset(self) -> int:
        """Where a restart must read from."""
        return self.applied + 1

    def snapshot(self) -> bytes:
        """The state, whole."""
        known = {
            identity: [k.exercise, k.revision, k.digest, k.arrived_ms, k.standing, k.issued_ms, k.area]
            for identity, k in self._known.items()
        }
        covers = covers_of(self._rules)
        return snapshot.pack(
            NAME, {"applied": self.applied, "known": known, "rules": self._judged_by(), "covers": covers}
        )

    def _judged_by(self) -> dict[str, list[Any]]:
        """By rule id: the kind that it is on, and its levels' names."""
        return {
            rule.rule_id: [rule.bulletin.kind, [one.level for one in rule.levels]]
            for rule in self._rules
            if rule.bulletin is not None
        }

    def restore(self, kept: bytes) -> None:
        """Take over a snapshot's state.

        Raises:
            StateRefused: the snapshot does not fit.
        """
        state = snapshot.unpack(NAME, kept)
        self.applied = state["applied"]
        for identity, (exercise, revision, digest, arrived_ms, standing, issued_ms, *area) in state["known"].items():
            known = self._known[identity] = _Known(exercise)
            known.revision, known.digest, known.arrived_ms, known.standing = revision, digest, arrived_ms, standing
            known.issued_ms, known.area = issued_ms, area[0] if area else None
        now, covered = self._judged_by(), state.get("covers", {})
        covers = covers_of(self._rules)
        for identity, known in self._known.items():
            for rule_id, standing in known.standing.items():
                place = place_now(standing[0], state["rules"].get(rule_id), now.get(rule_id))
                bulletin_id, before = identity.partition(":")[0], covered.get(rule_id, [])
                if isinstance(place, Bilingual):
                    self._withdraw(bulletin_id, known, rule_id, place, before)
                    continue
                standing[0] = place
                if place >= 0 and before != covers.get(rule_id, []):
                    self._cover_again(bulletin_id, known, rule_id, covers.get(rule_id, []))

    def _cover_again(self, bulletin_id: str, known: _Known, rule_id: str, covers: list[str]) -> None:
        """Tell what a standing alert covers, now that its rule covers others."""
        event = AlertEvent(
            alert_id=alert_id_of(rule_id, bulletin_id, None, known.exercise),
            origin=f"bulletin:{bulletin_id}",
            step=known.standing[rule_id][1],
            transition="revised",
            at=from_ms(known.issued_ms),
            exercise=known.exercise,
        )
        if known.area is not None:  # an older checkpoint does not say where
            send_cover(self.out, event, covers, known.area, self._events)
            self.out.urgent = self.out.once = True

    def _withdraw(self, bulletin_id: str, known: _Known, rule_id: str, why: Bilingual, covered: list[str]) -> None:
        """End an alert as of the newest announcement; its step is kept, for its id is the same should the rule return."""
        _, step, onset_ms = known.standing[rule_id]
        known.standing[rule_id] = [-1, step + 1, onset_ms]
        event = end_event(
            alert_id_of(rule_id, bulletin_id, None, known.exercise),
            f"bulletin:{bulletin_id}",
            step=step + 1,
            at_ms=max(
                [onset_ms, *(each.issued_ms for each in self._known.values() if each.exercise == known.exercise)]
            ),
            why=why,
            exercise=known.exercise,
        )
        send_event(self.out, event, self._events, covered)
        self.out.once = True


def _identity(bulletin_id: str, exercise: str | None) -> str:
    return f"{bulletin_id}:{exercise or ''}"


def _takes(rule: Rule, bulletin: Bulletin) -> bool:
    """Whether the rule is on what this announcement warns of; a revision may say what an earlier one did not."""
    return rule.bulletin is not None and rule.bulletin.takes(bulletin.hazard)


def read_record(model: Any, record: Record) -> Any:
    """One record as its contract model, or why it is refused."""
    if not record.value:
        return Rejection("empty", "", "The record has no value; send one JSON object per record.")
    size = len(record.key or b"") + len(record.value)
    if size > MAX_RECORD_BYTES:
        return Rejection("too_large", "", f"The record has {size} bytes, at most {MAX_RECORD_BYTES} are taken.")
    try:
        return model.model_validate_json(record.value)
    except ValidationError as e:
        return rejections.from_validation(e)
