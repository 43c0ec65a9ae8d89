"""What a stage's partition sends, its checkpoint and its offset, in one Kafka transaction: whole or not at all.

The transactional id names stage, topic and partition, so a new owner's first word fences a former one that was presumed
dead, and aborts what it left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced

from streams import kafka
from streams.contract.topics import CHECKPOINTS, MIB
from streams.engine.outputs import Out, Outputs
from streams.errors import Unavailable
from streams.kafka import Clients
from streams.settings import Settings
from streams.worker.checkpoints import Owner
from streams.worker.told import Told, committed

BATCH_BYTES: Final = 512_000
REQUEST_BYTES: Final = MIB + 128 * 1024
"""A dead letter may be a whole record of 1 MiB and its headers."""
TRANSACTION_MS: Final = 60_000
"""The broker aborts what is open for longer; one here takes milliseconds."""
STOP_S: Final = 5.0


_Record = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value, headers."""


class Transactions:
    """The transactional producer of one stage's partition."""

    def __init__(self, settings: Settings, owner: Owner, group: str, clients: Clients = kafka.CLIENTS) -> None:
        self._settings, self._owner, self._group = settings, owner, group
        name = f"{settings.application}-{owner.stage}-{owner.topic}-{owner.partition}"
        self._producer: Any = clients.producer(
            settings,
            name,
            transactional_id=name,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            transaction_timeout_ms=TRANSACTION_MS,
        )

    async def start(self) -> None:
        """Connect, fence a former owner, abort what it left open.

        Raises:
            Unavailable: no broker answers.
        """
        await kafka.start(self._producer, self._settings)

    async def commit(self, outputs: Outputs, checkpoint: Sequence[Out], told: Told) -> Told:
        """Send all of it in one transaction; when this returns, readers see it.

        Args:
            outputs: records by topic and partition.
            checkpoint: the pieces of a checkpoint, or none.
            told: what is committed with it; a new checkpoint's place takes the place of the older one's.

        Returns:
            What was committed.

        Raises:
            Unavailable: another worker has taken the partition over, or the broker does not take it.
        """
        owner = self._owner
        try:
            await self._producer.begin_transaction()
            kept = await self._send(CHECKPOINTS, owner.partition, checkpoint) if checkpoint else []
            sent = []
            for (topic, partition), records in outputs.records.items():
                sent += await self._send(topic, partition, records)
            for (topic, partition), plain in outputs.plain.items():
                sent += await self._send(topic, partition, zip(*plain, repeat(()), strict=False))
            await asyncio.gather(*kept, *sent)
            if kept:
                told = told._replace(kept_at=kept[0].result().offset)
            await self._producer.send_offsets_to_transaction(
                {TopicPartition(owner.topic, owner.partition): committed(told)}, self._group
            )
            await self._producer.commit_transaction()
            return told
        except (KafkaError, IllegalOperation) as e:
            if isinstance(self._failure() or e, ProducerFenced):
                raise Unavailable(
                    "another worker has taken this partition over",
                    field=f"{owner.topic}-{owner.partition}",
                    fix="None is needed: this worker ends and begins anew",
                ) from e
            raise Unavailable(
                f"the broker did not take a transaction ({type(e).__name__}: {e})",
                field=f"{owner.topic}-{owner.partition}",
                fix="Look at the broker's log; the worker goes on from its last checkpoint",
            ) from e

    def _failure(self) -> BaseException | None:
        """Why the transaction under way failed, where it did before it was asked for anything more."""
        transaction = getattr(self._producer, "_txn_manager", None)
        end = transaction and transaction._transaction_waiter
        return end.exception() if end is not None and end.done() and not end.cancelled() else None

    async def _send(self, topic: str, partition: int, records: Iterable[_Record]) -> list[Any]:
        """Put records in batches; returns a future for each batch."""
        sent = []
        batch = self._producer.create_batch()
        for key, value, headers in records:
            if batch.append(timestamp=None, key=key, value=value, headers=list(headers)) is None:
                sent.append(await self._put(batch, topic, partition))
                batch = self._producer.create_batch()
                # The first record of a batch is always taken, whatever its size.
                batch.append(timestamp=None, key=key, value=value, headers=list(headers))
        sent.append(await self._put(batch, topic, partition))
        return sent

    async def _put(self, batch: Any, topic: str, partition: int) -> asyncio.Future[Any]:
        """Where it stands, once it does. One that fails after another has is looked at here, as nobody waits for it then."""
        future: asyncio.Future[Any] = await self._producer.send_batch(batch, topic, partition=partition)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    async def stop(self) -> None:
        """Disconnect; what is open is aborted by the next owner."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._producer.stop()
        except (TimeoutError, KafkaError):
            await self._producer.client.close()
