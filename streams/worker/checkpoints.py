"""A stage's state in `hub.checkpoints`: two slots in turn, each cut in pieces, the newest whole one found again.

A set of pieces is written in one transaction, so readers see it whole or not at all. The topic is compacted: a slot's
pieces are replaced by those of the set after next, so the other slot stays whole whatever the cleaner has removed.

Key: `application|stage|topic|partition|slot|piece`, so another application's state is never taken for one's own.
Headers: `set` (counts up), `pieces`, `applied`, `resume`, `partitions` (of the input topic), `basis`.

Where the newest set begins in the topic is told beside the group's offset of the input (`told.py`), so a restore reads that
set and nothing else. Only where no offset is known, as after a week without a worker, is the topic read from its beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams import kafka
from streams.contract.topics import CHECKPOINTS
from streams.engine.outputs import Out
from streams.errors import StateRefused, Unavailable
from streams.kafka import Clients
from streams.settings import Settings

PIECE_BYTES: Final = 900_000
"""Below the topic's record limit of 1 MiB, with room for key and headers."""
SLOTS: Final = 2
BASIS: Final = "basis"
FETCH_BYTES: Final = 8 << 20
READ_S: Final = 90.0
"""A restore that takes longer than this has met a broker that does not answer: what a dead worker left open, which holds
back its readers, is aborted after 60 s at the latest (`transactions.TRANSACTION_MS`)."""


class Owner(NamedTuple):
    """Whose state it is: one stage's one input partition."""

    stage: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state and the place in the log that it belongs to."""

    number: int
    """Counts up; its parity is the slot."""
    applied: int
    """The last offset that the state holds, -1 before the first."""
    resume: int
    """The lowest offset that must be read again to refill what the state leaves out."""
    partitions: int
    """How many the input topic had."""
    basis: str
    """What the results rest on beside the input (`registry.basis_of`)."""
    state: bytes

    def must_fit(self, owner: Owner, partitions: int) -> None:
        """Refuse a state of a topic that was cut otherwise.

        Raises:
            StateRefused: the input topic had another number of partitions.
        """
        if self.partitions != partitions:
            raise StateRefused(
                f"the checkpoint is of a topic with {self.partitions} partitions, it now has {partitions}",
                field=owner.topic,
                value=owner.partition,
                fix="Give the topic its old number back, or set another URBANHUB_APPLICATION to begin anew",
            )


def pieces_of(application: str, owner: Owner, checkpoint: Checkpoint) -> list[Out]:
    """The records of a checkpoint."""
    state = checkpoint.state
    parts = [state[i : i + PIECE_BYTES] for i in range(0, len(state), PIECE_BYTES)] or [b""]
    numbers = {
        "set": checkpoint.number,
        "pieces": len(parts),
        "applied": checkpoint.applied,
        "resume": checkpoint.resume,
        "partitions": checkpoint.partitions,
    }
    headers = (*((name, b"%d" % number) for name, number in numbers.items()), (BASIS, checkpoint.basis.encode()))
    begin = "|".join((application, *map(str, owner), str(checkpoint.number % SLOTS)))
    return [Out(f"{begin}|{i}".encode(), part, headers) for i, part in enumerate(parts)]


@dataclass(slots=True)
class _Slot:
    """The newest set of a slot as far as it was read."""

    numbers: dict[str, int]
    basis: str
    pieces: dict[int, bytes] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is missing."""
        return len(self.pieces) == self.numbers["pieces"]


class Found:
    """Checkpoints of one application, gathered record by record."""

    def __init__(self, application: str) -> None:
        self._application = application
        self._slots: dict[tuple[Owner, int], _Slot] = {}

    def add(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]],
        *,
        only: Owner | None = None,
    ) -> None:
        """Take in one record of the topic; a stranger's is passed over, and any but those of `only` where that is given."""
        parts = (key or b"").decode().split("|")
        if len(parts) != 6 or parts[0] != self._application or value is None:
            return
        _, stage, topic, partition, slot, piece = parts
        owner = Owner(stage, topic, int(partition))
        if only not in (None, owner):
            return
        told = dict(headers)
        basis = told.pop(BASIS, b"").decode()  # absent in another version's, which its state then refuses by name
        numbers = {name: int(number) for name, number in told.items()}
        place = owner, int(slot)
        found = self._slots.get(place)
        if found is None or numbers["set"] > found.numbers["set"]:
            found = self._slots[place] = _Slot(numbers, basis)
        if numbers["set"] == found.numbers["set"]:
            found.pieces[int(piece)] = value

    def newest(self, owner: Owner) -> Checkpoint | None:
        """The newest whole checkpoint, or None where there never was one.

        Raises:
            StateRefused: there are pieces of some, but none is whole.
        """
        slots = [s for slot in range(SLOTS) if (s := self._slots.get((owner, slot))) is not None]
        whole = [s for s in slots if s.is_whole]
        if slots and not whole:
            raise StateRefused(
                "no checkpoint is whole",
                field=CHECKPOINTS,
                value="|".join(map(str, owner)),
                fix="Restore the topic, or set another URBANHUB_APPLICATION to begin anew from the readings kept",
            )
        if not whole:
            return None
        best = max(whole, key=lambda s: s.numbers["set"])
        n = best.numbers
        state = b"".join(best.pieces[i] for i in range(n["pieces"]))
        return Checkpoint(n["set"], n["applied"], n["resume"], n["partitions"], best.basis, state)

    def has(self, owner: Owner) -> bool:
        """Whether a whole checkpoint of it was read."""
        return any(s is not None and s.is_whole for s in (self._slots.get((owner, slot)) for slot in range(SLOTS)))


async def read(settings: Settings, wanted: Mapping[Owner, int | None], clients: Clients = kafka.CLIENTS) -> Found:
    """The newest checkpoints of these owners, read from where each begins; all of its partition where that is not known.

    Raises:
        Unavailable: the broker did not give them in time.
    """
    known: dict[TopicPartition, list[tuple[int, Owner]]] = {}
    unknown = []
    for owner, kept_at in wanted.items():
        if kept_at is None:
            unknown.append(TopicPartition(CHECKPOINTS, owner.partition))
        else:
            known.setdefault(TopicPartition(CHECKPOINTS, owner.partition), []).append((kept_at, owner))
    found = Found(settings.application)
    try:
        async with asyncio.timeout(READ_S):
            await asyncio.gather(*(_read_at(tp, sorted(of), found, settings, clients) for tp, of in known.items()))
            if unknown:
                await _read_to(await _ends(settings, sorted(set(unknown)), clients), found, settings, clients)
    except (TimeoutError, KafkaError) as e:
        raise Unavailable(
            f"the checkpoints were not read within {READ_S:.0f} s ({type(e).__name__})",
            field=CHECKPOINTS,
            fix="Look at the broker's log",
        ) from e
    return found


async def _read_at(
    tp: TopicPartition, wanted: list[tuple[int, Owner]], found: Found, settings: Settings, clients: Clients
) -> None:
    """Read each set from its first piece on. It is known to be committed, so what others have open holds nothing back."""
    consumer = clients.reader(
        settings,
        f"{settings.application}-restore",
        max_partition_fetch_bytes=FETCH_BYTES,
        isolation_level="read_uncommitted",
    )
    await kafka.start(consumer, settings)
    try:
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        for kept_at, owner in wanted:
            consumer.seek(tp, kept_at)
            while not found.has(owner) and await consumer.position(tp) < end:
                for record in (await consumer.getmany(timeout_ms=500)).get(tp, ()):
                    # What follows the set may be a later one of its owner that was never committed.
                    if not found.has(owner):
                        found.add(record.key, record.value, record.headers, only=owner)
    finally:
        await consumer.stop()


async def _ends(settings: Settings, wanted: list[TopicPartition], clients: Clients) -> dict[TopicPartition, int]:
    """Where the logs end; a reader of committed records would be told of the first open transaction.

    What is wanted may stand behind one, so the reading waits until those are decided.
    """
    consumer = clients.reader(settings, f"{settings.application}-ends", isolation_level="read_uncommitted")
    await kafka.start(consumer, settings)
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(wanted)
    finally:
        await consumer.stop()
    return ends


async def _read_to(ends: dict[TopicPartition, int], found: Found, settings: Settings, clients: Clients) -> None:
    consumer = clients.reader(settings, f"{settings.application}-restore", max_partition_fetch_bytes=FETCH_BYTES)
    await kafka.start(consumer, settings)
    try:
        consumer.assign(list(ends))
        # By the position: the markers of transactions make the last record's offset never reach the end.
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    found.add(record.key, record.value, record.headers)
    finally:
        await consumer.stop()
