"""The announcements that an alert's events rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from deploy.rules.kept_log import KeptLog, Until
from streams.contract.alerts import AlertEvent
from streams.contract.bulletins import Bulletin
from streams.contract.times import to_ms
from streams.contract.topics import BULLETINS


class Announced(NamedTuple):
    """By what an event knows its announcement; revisions that were sent together have one arrival."""

    bulletin_id: str
    """Whose alert it is: one announcement that replaces another ends the other's."""
    arrived_ms: int
    issued_ms: int
    magnitude: float | None


def announced_in(event: AlertEvent) -> Announced | None:
    """The announcement that an event rests on, None where it rests on none."""
    origin, _, bulletin_id = event.origin.partition(":")
    if origin != "bulletin" or event.arrived_at is None:
        return None
    return Announced(bulletin_id, to_ms(event.arrived_at), to_ms(event.at), event.value)


class Announcements(NamedTuple):
    """Those that an alert's events rest on, as far as the log keeps them."""

    found: dict[Announced, Bulletin]
    until: Until


async def announced_by(log: KeptLog, events: Sequence[AlertEvent]) -> Announcements:
    """Each announcement that the events rest on.

    Raises:
        Unavailable: the broker does not answer.
    """
    arrivals_ms = {announced.arrived_ms for event in events if (announced := announced_in(event)) is not None}
    if not arrivals_ms:
        return Announcements({}, "enough")
    kept = await log.back(
        BULLETINS,
        0,
        lambda record: record.timestamp in arrivals_ms,
        since_ms=min(arrivals_ms),
        until_ms=max(arrivals_ms),
    )
    found: dict[Announced, Bulletin] = {}
    for record in kept.records:
        try:
            bulletin = Bulletin.model_validate_json(record.value or b"")
        except ValidationError:
            continue  # refused, so no event rests on it
        for bulletin_id in (bulletin.bulletin_id, bulletin.supersedes):
            if bulletin_id is not None:
                issued_ms = to_ms(bulletin.issued_at)
                found[Announced(bulletin_id, record.timestamp, issued_ms, bulletin.magnitude)] = bulletin
    return Announcements(found, kept.until)
