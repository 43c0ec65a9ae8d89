"""The commands stage: officers' acts in, alert events out. It keeps nothing but its place in the log.

Whether the alert exists and takes the act is decided by the alerts stage, which has the alert's whole life in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.contract.alerts import AlertEvent, Command
from streams.contract.rejections import Rejection
from streams.contract.times import from_ms
from streams.contract.topics import COMMANDS, REJECTED
from streams.engine import snapshot
from streams.engine.alert_events import send_event
from streams.engine.bulletins_stage import read_record
from streams.engine.dead_letter import dead_letter
from streams.engine.event_partitions import EventPartitions
from streams.engine.outputs import Outputs
from streams.engine.records import Record

NAME: Final = "commands"


class CommandsStage:
    """One partition of `alerts.commands`."""

    name: Final = NAME

    def __init__(self, partition: int, events: EventPartitions) -> None:
        self.partition, self._events = partition, events
        self.applied = -1
        self.out = Outputs()

    def step(self, records: Sequence[Record]) -> None:
        """Apply records in offset order; what is to be sent gathers in `out`."""
        for record in records:
            if record.offset <= self.applied:
                continue
            read = read_record(Command, record)
            if isinstance(read, Command) and read.kind == "silence" and read.until is None:
                read = Rejection("missing_field", "until", "until is missing; say how long the alert is to be silent.")
            if isinstance(read, Rejection):
                self.out.add(REJECTED, 0, dead_letter(record, read, COMMANDS, self.partition))
            else:
                self._pass_on(read, record)
            self.applied = record.offset

    def _pass_on(self, command: Command, record: Record) -> None:
        event = AlertEvent(
            alert_id=command.alert_id,
            origin=f"command:{command.command_id}",
            step=1,
            transition="commanded",
            at=from_ms(record.timestamp),
            arrived_at=from_ms(record.timestamp),
            exercise=command.exercise,
            command=command,
            received_from=f"{COMMANDS}-{self.partition}-{record.offset}",
            received_key=None if record.key is None else record.key.decode(errors="replace"),
            received=(record.value or b"").decode(),
        )
        send_event(self.out, event, self._events)

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
        return snapshot.pack(NAME, {"applied": self.applied})

    def restore(self, kept: bytes) -> None:
        """Take over a snapshot's state.

        Raises:
            StateRefused: the snapshot does not fit.
        """
        self.applied = snapshot.unpack(NAME, kept)["applied"]
