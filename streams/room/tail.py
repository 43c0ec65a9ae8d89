"""Follows alerts, windows and bulletins from what Kafka retains, in no consumer group, for as long as the room runs.

The whole of alerts and bulletins is read, of windows what arrived in the last hours. A broker that is away ends nothing:
what is known stays, the page says since when, and reading goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams import kafka
from streams.clock import Clock
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS, BULLETINS, WINDOW_TOPICS
from streams.errors import HubError, Unavailable
from streams.logs import Counted, get
from streams.metrics import LAG
from streams.room.city import Change, City, Record
from streams.room.position import Log, Partition
from streams.settings import Settings

FOLLOWED: Final = (ALERTS, BULLETINS, *WINDOW_TOPICS)
BACKLOG_MS: Final = 13 * 3_600_000
"""Windows that arrived longer ago are not read again; InfluxDB has them. The longest sum that a rule may judge takes 12 h,
and a sensor may be late."""
BACKLOG_RECORDS: Final = 100_000
"""Of one partition of windows: seconds of reading, whatever the speed at which an exercise was played."""
CHUNK_RECORDS: Final = 2_000
POLL_MS: Final = 250
PROBE_S: Final = 3.0
GIVEN_UP_S: Final = 30.0
"""A broker that is away for this long is looked for with a new client."""
PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0)

log = get("streams.room.tail")


class _Replaced(Exception):
    """The log is another one than was read: offsets went back, or the cluster is another."""


class Tail:
    """Applies the log to the city.

    Args:
        settings: where the broker is.
        city: what the records are applied to.
        changed: is told every change that browsers see at once.
        replaced: is called after the city was emptied because the log was replaced.
        clock: what time it is.
    """

    def __init__(
        self,
        settings: Settings,
        city: City,
        changed: Callable[[Change], None],
        replaced: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._settings, self._city, self._clock = settings, city, clock
        self._changed, self._replaced = changed, replaced
        self._unreadable = Counted(log, "record_not_understood")
        self._state: Literal["connecting", "reading", "following", "away"] = "connecting"
        self._since_ms = clock.now_ms()
        self._answered_s = clock.monotonic_s()
        self._behind = 0
        self._caught_up = False
        self._ends_back = False

    @property
    def live(self) -> bool:
        """Whether what is known is what the log says now."""
        return self._state == "following"

    def status(self) -> dict[str, Any]:
        """How the log does, and since when."""
        return {"state": self._state, "since": format_ms(self._since_ms)}

    def not_ready(self) -> str | None:
        """Why nothing can be shown yet, or None once the log was read to its end."""
        if self._caught_up:
            return None
        if self._state == "reading":
            return f"reading what Kafka keeps: {self._behind} records to go"
        return "no Kafka broker answers yet"

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            begun_s = self._clock.monotonic_s()
            try:
                await self._follow()
            except _Replaced as e:
                log.warning("log_replaced", why=str(e))
                self._forget()
            except (HubError, KafkaError, OSError, TimeoutError) as e:
                self._enter("away")
                failures = 0 if self._clock.monotonic_s() - begun_s > GIVEN_UP_S else failures + 1
                if failures == 1:
                    log.warning("broker_lost", error=str(e) or type(e).__name__)
                await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])

    def _enter(self, state: Literal["reading", "following", "away"]) -> None:
        if state != self._state:
            self._state, self._since_ms = state, self._clock.now_ms()
            log.info("log_state_changed", state=state)

    def _forget(self) -> None:
        self._caught_up = False
        self._city.begin(Log("", ()), {}, unread=(), complete_from_ms=0, cut={})
        self._replaced()

    async def _follow(self) -> None:
        followed = await self._described()
        if self._city.log.partitions and self._city.log != followed:
            raise _Replaced("another cluster or other partitions")
        consumer = kafka.reader(
            self._settings,
            f"{self._settings.application}-room",
            fetch_max_wait_ms=POLL_MS,
            max_partition_fetch_bytes=2 << 20,
            request_timeout_ms=10_000,
        )
        await kafka.start(consumer, self._settings)
        probe: asyncio.Task[None] | None = None
        try:
            partitions = [TopicPartition(*each) for each in followed.partitions]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            if not self._city.log.partitions:
                await self._begin(consumer, followed, ends)
            for each in partitions:
                consumer.seek(each, self._city.applied[each.topic, each.partition])
            self._enter("reading")
            self._answered_s = self._clock.monotonic_s()
            probe = asyncio.create_task(self._probe(consumer, partitions))
            await self._read(consumer, ends, probe)
        finally:
            if probe is not None:
                probe.cancel()
                await asyncio.gather(probe, return_exceptions=True)
            await consumer.stop()

    async def _described(self) -> Log:
        admin = AIOKafkaAdminClient(**kafka.client_options(self._settings, f"{self._settings.application}-room"))
        await kafka.start(admin, self._settings)
        try:
            topics = await admin.describe_topics(list(FOLLOWED))
            cluster = await admin.describe_cluster()
        finally:
            await admin.close()
        numbers = {t["topic"]: sorted(p["partition"] for p in t["partitions"]) for t in topics if not t["error_code"]}
        if missing := sorted(set(FOLLOWED) - set(numbers)):
            raise Unavailable("topics are missing", field=", ".join(missing), fix="Run: urbanhub topics apply")
        ordered = tuple((topic, number) for topic in sorted(numbers) for number in numbers[topic])
        return Log(str(cluster.get("cluster_id", "")), ordered)

    async def _begin(self, consumer: AIOKafkaConsumer, followed: Log, ends: Mapping[TopicPartition, int]) -> None:
        """Choose where to begin in each partition, and empty the city for it."""
        from_ms = self._clock.now_ms() - BACKLOG_MS
        beginnings = await consumer.beginning_offsets(list(ends))
        windows = [each for each in ends if each.topic in WINDOW_TOPICS]
        arrived = await consumer.offsets_for_times(dict.fromkeys(windows, from_ms))
        starts: dict[Partition, int] = {}
        cut: dict[Partition, int] = {}
        for each, end in ends.items():
            key = each.topic, each.partition
            starts[key] = beginnings[each]
            if each in windows:
                found = arrived.get(each)
                start = end if found is None else max(found.offset, beginnings[each])
                starts[key] = max(start, end - BACKLOG_RECORDS)
                if starts[key] > start:
                    cut[key] = starts[key]
        unread = [key for key in starts if starts[key] > beginnings[TopicPartition(*key)]]
        self._city.begin(followed, starts, unread=unread, complete_from_ms=from_ms, cut=cut)

    async def _read(
        self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], probe: asyncio.Task[None]
    ) -> None:
        while True:
            chunks = await consumer.getmany(timeout_ms=POLL_MS, max_records=CHUNK_RECORDS)
            for partition, records in chunks.items():
                self._apply(partition.topic, records)
            if self._state == "reading":
                positions = {each: await consumer.position(each) for each in ends}
                self._behind = sum(max(0, end - positions[each]) for each, end in ends.items())
                if not self._behind:
                    self._enter("following")
                    self._caught_up = True
            if probe.done():
                probe.result()
            await asyncio.sleep(0)  # a long backlog must not keep browsers waiting

    def _apply(self, topic: str, records: list[ConsumerRecord]) -> None:
        for record in records:
            if record.offset < self._city.applied[topic, record.partition]:
                raise _Replaced(f"offsets of {topic} went back")
            taken = Record(record.partition, record.offset, record.timestamp, record.key, record.value)
            try:
                change = self._city.apply(topic, taken)
            except ValueError as e:
                place = f"{topic}-{record.partition}-{record.offset}"
                self._unreadable.warn(record=place, error=str(e).splitlines()[0])
                continue
            if change is not None:
                self._changed(change)

    async def _probe(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        """Ask again and again whether the broker is there and how far behind it this is.

        Raises:
            _Replaced: the log ends before what was read of it, twice in succession.
            Unavailable: no answer for `GIVEN_UP_S`.
        """
        while True:
            await asyncio.sleep(PROBE_S)
            try:
                async with asyncio.timeout(PROBE_S):
                    ends = await consumer.end_offsets(partitions)
            except (KafkaError, OSError, TimeoutError):
                self._enter("away")
                if self._clock.monotonic_s() - self._answered_s > GIVEN_UP_S:
                    raise Unavailable("the broker is away", field="KAFKA_BOOTSTRAP_SERVERS") from None
                continue
            self._answered_s = self._clock.monotonic_s()
            if self._state == "away":
                self._enter("following" if self._caught_up else "reading")
            for each, end in ends.items():
                behind = max(0, end - await consumer.position(each))
                LAG.labels("room", each.topic, str(each.partition)).set(behind)
            back = any(end < self._city.applied[each.topic, each.partition] for each, end in ends.items())
            if back and self._ends_back:
                raise _Replaced("the log ends before what was read of it")
            self._ends_back = back
