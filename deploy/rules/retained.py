"""What Kafka retains of readings and announcements since a moment: all partitions together, in the order of arrival."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Collection, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.rules.offline import Arrival
from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import BULLETINS, TOPICS
from streams.errors import Unavailable
from streams.settings import Settings

POLL_MS: Final = 200
POLL_RECORDS: Final = 10_000
MOST_WAITING: Final = 100_000
"""Records of one partition that wait for the others' turn, some 30 MB; beyond it this one is not read for a while."""
STALLED_S: Final = 30.0
"""A broker that gives nothing for so long will not."""


class ByArrival:
    """Records of several partitions in the one order of arrival.

    Args:
        places: the partitions.
    """

    def __init__(self, places: Collection[TopicPartition]) -> None:
        self._waiting: dict[TopicPartition, list[Arrival]] = {place: [] for place in places}
        self._reached_ms: dict[TopicPartition, int] = dict.fromkeys(places, -1)
        """Arrival of the last record of each; what comes after it is no older."""

    def add(self, place: TopicPartition, arrivals: Sequence[Arrival]) -> None:
        """Let the next records of a partition wait for their turn."""
        self._waiting[place] += arrivals
        if arrivals:
            self._reached_ms[place] = arrivals[-1].timestamp

    def waiting(self, place: TopicPartition) -> int:
        """How many of a partition wait."""
        return len(self._waiting[place])

    def take(self, unread: Collection[TopicPartition]) -> list[Arrival]:
        """Take what no partition can still have anything older for; `unread` has more to come."""
        horizon_ms = min((self._reached_ms[place] for place in unread), default=None)
        ready: list[Arrival] = []
        for place, waiting in self._waiting.items():
            count = len(waiting)
            if horizon_ms is not None:
                count = bisect_right(waiting, horizon_ms, key=lambda each: each.timestamp)
            ready += waiting[:count]
            self._waiting[place] = waiting[count:]
        return sorted(ready, key=lambda each: each.timestamp)


class Retained:
    """The records, as a stage of the hub would meet them one after the other.

    Args:
        settings: how the broker is reached.
        topics: of readings; announcements are read as well, from the oldest kept, for they stay in force for long.
        since_ms: arrival of the first reading asked for, epoch ms, UTC.
    """

    def __init__(self, settings: Settings, topics: Collection[str], since_ms: int) -> None:
        self._settings, self._since_ms = settings, since_ms
        self._consumer: AIOKafkaConsumer = kafka.reader(settings, f"{settings.application}-rules")
        self._places = [
            TopicPartition(topic, number)
            for topic in (*topics, BULLETINS)
            for number in range(TOPICS[topic].partitions(settings.partitions))
        ]
        self._next: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._order = ByArrival(self._places)
        self.total = 0
        """Offsets between the first and the end, as it was at the beginning."""
        self.is_cut = False
        """Whether Kafka has deleted readings of the time asked for."""

    async def __aenter__(self) -> Self:
        """Connect, and find where to begin and end.

        Raises:
            Unavailable: no broker answers.
        """
        await kafka.start(self._consumer, self._settings)
        self._consumer.assign(self._places)
        oldest = await self._consumer.beginning_offsets(self._places)
        self._ends = await self._consumer.end_offsets(self._places)
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._places, max(self._since_ms, 0)))
        for place in self._places:
            at = found.get(place)
            begin = oldest[place] if place.topic == BULLETINS else self._ends[place] if at is None else at.offset
            self._next[place] = begin
            self._consumer.seek(place, begin)
            self.total += max(0, self._ends[place] - begin)
            self.is_cut |= place.topic != BULLETINS and begin == oldest[place] > 0
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    @property
    def read(self) -> int:
        """How many of `total` are read."""
        return self.total - sum(max(0, self._ends[place] - at) for place, at in self._next.items())

    async def batches(self) -> AsyncIterator[list[Arrival]]:
        """The records in order of arrival, some at a time.

        Raises:
            Unavailable: the broker does not give what it says to keep.
        """
        heard_s = SYSTEM_CLOCK.monotonic_s()
        while unread := self._unread():
            for place in unread:
                is_full = self._order.waiting(place) > MOST_WAITING
                (self._consumer.pause if is_full else self._consumer.resume)(place)
            read = self.read
            await self._fetch(unread)
            if self.read > read:
                heard_s = SYSTEM_CLOCK.monotonic_s()
            elif SYSTEM_CLOCK.monotonic_s() - heard_s > STALLED_S:
                raise Unavailable(
                    f"the broker gave nothing for {STALLED_S:.0f} s",
                    field="KAFKA_BOOTSTRAP_SERVERS",
                    value=self._settings.bootstrap,
                    fix="Look at the broker's log",
                )
            if ready := self._order.take(self._unread()):
                yield ready
                heard_s = SYSTEM_CLOCK.monotonic_s()  # how long the reader took is not the broker's matter

    def _unread(self) -> list[TopicPartition]:
        return [place for place in self._places if self._next[place] < self._ends[place]]

    async def _fetch(self, unread: list[TopicPartition]) -> None:
        fetched = await self._consumer.getmany(*unread, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        for place, records in fetched.items():
            arrivals = [
                Arrival(place.topic, r.key, r.value, r.timestamp, place.partition)
                for r in records
                if r.offset < self._ends[place]
            ]
            self._order.add(place, arrivals)
        for place in unread:
            self._next[place] = await self._consumer.position(place)
