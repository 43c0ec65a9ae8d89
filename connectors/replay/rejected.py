"""Sends dead letters of one reason again, each once: after its sensor is registered, after a gateway's clock is set.

Which ones were sent is kept per cluster, by their offsets. One that is rejected again is a new dead letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import BaseModel, Field

from connectors.frame.history import records_until_now
from connectors.frame.kept import read_kept, write_whole
from connectors.frame.outgoing import Outgoing
from connectors.frame.publisher import Publisher
from connectors.replay.recording import PLAYED_TOPICS
from connectors.stopping import LAST_S, Stop
from streams import kafka, registry
from streams.contract.rejections import Reason
from streams.contract.topics import REJECTED
from streams.settings import Settings


class _Kept(BaseModel):
    """Which dead letters of a cluster were sent again: `[start, end)` of their offsets."""

    sent: list[tuple[int, int]] = Field(default_factory=list)


@dataclass(slots=True)
class Resent:
    """What became of the dead letters."""

    sent: int = 0
    sent_before: int = 0
    still_unknown: int = 0
    offsets: set[int] = field(default_factory=set)


async def resend(settings: Settings, reason: Reason, topic: str | None, stop: Stop) -> Resent:
    """Send the dead letters of this reason again that were not yet.

    Args:
        settings: how the broker is reached; the registry, which says whether a sensor is known now.
        reason: only those refused for it.
        topic: only those that had arrived there; None = wherever.
        stop: asks it to end; what the broker has by then is remembered.

    Raises:
        Unavailable: no broker answers, or it has no dead letters' topic.
        WrongSeed: the registry is wrong.
    """
    known = set(registry.load(settings.seeds).sensors) if reason == "unknown_sensor" else None
    path = settings.data_dir / "replay" / "rejected" / f"{await _cluster(settings)}.json"
    resent = Resent(offsets=_offsets(read_kept(path, _Kept)))
    letters = records_until_now(settings, f"{settings.application}-rejected", REJECTED, stop)
    try:
        async with Publisher(settings, "replay", _remember(resent)) as publisher:
            async for record in letters:
                await _judge(record, reason, topic, known, resent, publisher)
            await stop.grants(publisher.flush(), LAST_S)
            publisher.drop()
    finally:
        write_whole(path, _ranges(resent.offsets))
    return resent


def _remember(resent: Resent) -> Any:
    def acknowledged(offsets: Sequence[int]) -> None:
        resent.offsets.update(offsets)
        resent.sent += len(offsets)

    return acknowledged


async def _judge(
    record: Any, reason: str, topic: str | None, known: set[str] | None, resent: Resent, publisher: Publisher
) -> None:
    """Send one dead letter again, if it is one of those."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    came_from = headers.get("topic", "")
    if headers.get("reason") != reason or came_from not in PLAYED_TOPICS or topic not in (None, came_from):
        return
    if record.offset in resent.offsets:
        resent.sent_before += 1
    elif known is not None and _sensor_of(record.value) not in known:
        resent.still_unknown += 1
    else:
        await publisher.put(Outgoing(came_from, record.key, record.value or b"", record.offset))


def _sensor_of(value: bytes | None) -> str | None:
    try:
        found = orjson.loads(value or b"")
    except ValueError:
        return None
    sensor_id = found.get("sensor_id") if isinstance(found, dict) else None
    return sensor_id if isinstance(sensor_id, str) else None


async def _cluster(settings: Settings) -> str:
    """The cluster's own id: offsets of another one mean nothing here."""
    admin = AIOKafkaAdminClient(**kafka.client_options(settings, f"{settings.application}-rejected"))
    await kafka.start(admin, settings)
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


def _offsets(kept: _Kept | None) -> set[int]:
    return set() if kept is None else {offset for start, end in kept.sent for offset in range(start, end)}


def _ranges(offsets: set[int]) -> _Kept:
    ranges: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if ranges and ranges[-1][1] == offset:
            ranges[-1] = ranges[-1][0], offset + 1
        else:
            ranges.append((offset, offset + 1))
    return _Kept(sent=ranges)
