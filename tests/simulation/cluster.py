"""The broker: append-only logs, transactions, committed reads, fencing, compaction. Every act is one moment.

As Kafka does it: a transaction's records stand in the logs at once and hold back committed readers (the last stable offset)
until its markers are written, which takes a moment in each partition after the decision; a producer that begins under a
transactional id ends what was open under it and fences its former self.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from aiokafka.errors import ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from tests.simulation.loop import Loop

TRANSACTION_S: Final = 60.0
"""As `streams.worker.transactions` asks for: what is open for longer is aborted."""


class Concurrent(Exception):
    """The producer's last transaction is not complete; a client asks again."""


class Place(NamedTuple):
    topic: str
    partition: int


class Fetched(NamedTuple):
    """A record as a consumer gets it; what `streams.engine.decode.Record` asks for."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(eq=False)
class Transaction:
    began_s: float
    state: str = "open"
    """open, committing, aborting, committed, aborted."""
    places: set[Place] = field(default_factory=set)
    offsets: dict[Place, OffsetAndMetadata] = field(default_factory=dict)


@dataclass(eq=False)
class Entry:
    record: Fetched
    transaction: Transaction | None
    is_marker: bool = False
    is_gone: bool = False
    """Removed by compaction."""

    @property
    def is_committed(self) -> bool:
        return not self.is_marker and (
            self.transaction is None or self.transaction.state in ("committing", "committed")
        )


@dataclass
class Log:
    entries: list[Entry] = field(default_factory=list)
    open: dict[Transaction, int] = field(default_factory=dict)
    """First offset of each transaction without a marker here."""

    @property
    def end(self) -> int:
        return len(self.entries)

    @property
    def stable_end(self) -> int:
        return min(self.open.values()) if self.open else len(self.entries)

    def committed(self) -> list[Fetched]:
        """What committed readers could ever see of it, compacted away or not."""
        return [e.record for e in self.entries[: self.stable_end] if e.is_committed]


@dataclass
class _Producer:
    epoch: int = -1
    transaction: Transaction | None = None


class Cluster:
    """Args: rng: how long markers take, what the cleaner does; loop: the time; base_ms: epoch ms of its beginning."""

    def __init__(self, rng: random.Random, loop: Loop, base_ms: int, partitions: dict[str, int]) -> None:
        self._rng, self._loop, self._base_ms = rng, loop, base_ms
        self.partitions = partitions
        self.logs = {Place(topic, p): Log() for topic, n in partitions.items() for p in range(n)}
        self.offsets: dict[Place, OffsetAndMetadata] = {}
        """The worker group's."""
        self._producers: dict[str, _Producer] = {}
        self._listeners: dict[Place, list[Callable[[Place], None]]] = {}
        self.is_away = False
        """No request is taken: a broker that is down."""
        self.counts: dict[str, int] = {}

    def now_ms(self) -> int:
        return self._base_ms + int(self._loop.time() * 1000)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    # -- appends ----------------------------------------------------------------------------------------------------

    def append(self, place: Place, records: Iterable[tuple[Any, Any, Any]], of: Transaction | None = None) -> int:
        """Append records (key, value, headers) with the broker's time of arrival; the first one's offset."""
        log = self.logs[place]
        first = log.end
        if of is not None:
            of.places.add(place)
            log.open.setdefault(of, first)
        at_ms = self.now_ms()
        for key, value, headers in records:
            log.entries.append(Entry(Fetched(log.end, at_ms, key, value, tuple(headers)), of))
        self._tell(place)
        return first

    # -- transactions -----------------------------------------------------------------------------------------------

    def begin_producer(self, name: str) -> int:
        """InitProducerId: what was open is aborted, and the former producer of this name fenced. The new epoch."""
        producer = self._producers.setdefault(name, _Producer())
        if producer.transaction is not None:
            if producer.transaction.state == "open":
                self.count("aborted by a new owner")
                producer.epoch += 1
                self._decide(producer, "aborting")
            if producer.transaction is not None:
                raise Concurrent
        producer.epoch += 1
        return producer.epoch

    def produce(self, name: str, epoch: int, place: Place, records: list[tuple[Any, Any, Any]]) -> int:
        """Append as part of the producer's transaction, which begins with its first record."""
        return self.append(place, records, self._transaction(name, epoch))

    def add_offset(self, name: str, epoch: int, place: Place, offset: OffsetAndMetadata) -> None:
        """The group's offset, with the transaction."""
        self._transaction(name, epoch).offsets[place] = offset

    def end_transaction(self, name: str, epoch: int, *, commit: bool) -> None:
        """Decide it; the markers follow."""
        producer = self._checked(name, epoch)
        if producer.transaction is None:
            return
        if producer.transaction.state != "open":
            if commit != (producer.transaction.state == "committing"):
                raise ProducerFenced
            return
        self._decide(producer, "committing" if commit else "aborting")

    def _checked(self, name: str, epoch: int) -> _Producer:
        producer = self._producers[name]
        if epoch != producer.epoch:
            self.count("fenced")
            raise ProducerFenced
        return producer

    def _transaction(self, name: str, epoch: int) -> Transaction:
        producer = self._checked(name, epoch)
        if producer.transaction is None:
            producer.transaction = Transaction(self._loop.time())
        elif producer.transaction.state != "open":
            raise Concurrent
        return producer.transaction

    def _decide(self, producer: _Producer, state: str) -> None:
        transaction = producer.transaction
        assert transaction is not None
        transaction.state = state
        left = set(transaction.places)
        if state == "committing":
            self.offsets.update(transaction.offsets)

        def mark(place: Place) -> None:
            log = self.logs[place]
            del log.open[transaction]
            log.entries.append(Entry(Fetched(log.end, self.now_ms(), None, None, ()), transaction, is_marker=True))
            left.discard(place)
            if not left:
                done()
            self._tell(place)

        def done() -> None:
            transaction.state = "committed" if state == "committing" else "aborted"
            if producer.transaction is transaction:
                producer.transaction = None

        for place in sorted(left):
            self._loop.call_later(self._rng.expovariate(1 / 0.004), mark, place)
        if not left:
            done()

    def end_old_transactions(self) -> None:
        """Abort and fence what has been open for too long."""
        for producer in self._producers.values():
            old = producer.transaction
            is_open = old is not None and old.state == "open"
            if is_open and self._loop.time() - old.began_s > TRANSACTION_S:
                producer.epoch += 1
                self.count("aborted by time")
                self._decide(producer, "aborting")

    # -- reads ------------------------------------------------------------------------------------------------------

    def fetch(self, place: Place, position: int, most: int, *, committed: bool = True) -> tuple[list[Fetched], int]:
        """Records from a position, at most so many entries; and the position after them."""
        log = self.logs[place]
        until = min(log.stable_end if committed else log.end, position + most)
        if until <= position:
            return [], position
        part = [e for e in log.entries[position:until] if not e.is_gone and not e.is_marker]
        return [e.record for e in part if e.is_committed or not committed], until

    def when_news(self, place: Place, listener: Callable[[Place], None]) -> None:
        """Call it once, when anything is appended or decided here."""
        self._listeners.setdefault(place, []).append(listener)

    def _tell(self, place: Place) -> None:
        for listener in self._listeners.pop(place, ()):
            listener(place)

    # -- the cleaner ------------------------------------------------------------------------------------------------

    def compact(self, place: Place, sparing: int) -> None:
        """Keep the last committed record of each key; the newest `sparing` entries are not touched yet."""
        log = self.logs[place]
        until = max(min(log.stable_end, log.end - sparing), 0)
        last: dict[bytes | None, int] = {}
        for entry in log.entries[:until]:
            if entry.is_committed:
                last[entry.record.key] = entry.record.offset
        for entry in log.entries[:until]:
            if not entry.is_marker and not entry.is_gone:
                entry.is_gone = not entry.is_committed or last[entry.record.key] != entry.record.offset
