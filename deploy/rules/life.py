"""One alert's life out of the log: its newest state, what happened to it, and what each event changed."""

from __future__ import annotations

from typing import Final, NamedTuple

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from deploy.rules.kept_log import KeptLog, Until
from streams.contract.alerts import Alert, AlertEvent
from streams.contract.times import compact_ms, to_ms
from streams.contract.topics import ALERT_EVENTS, ALERTS, TOPICS
from streams.engine.alerts_stage import AlertsStage
from streams.engine.outputs import Outputs
from streams.errors import WrongInput
from streams.kafka import partition_of

AHEAD_MS: Final = 600_000
"""An onset is at most so far ahead of its event's arrival: readings that are more than five minutes ahead are refused."""


class Happened(NamedTuple):
    """One event of the alert."""

    event: AlertEvent
    logged_ms: int
    """When it was written to `hub.alert-events`, epoch ms."""
    state: Alert | None
    """The alert as it was after it; None where the event changed nothing."""
    taken: bool | None
    """Whether it changed the alert; None of an officer's act on what the log has lost the beginning of."""


class Life(NamedTuple):
    """What the log keeps of an alert."""

    newest: Alert
    events: list[Happened]
    until: Until
    """Whether the log goes back to its beginning (`enough`)."""


async def life_of(log: KeptLog, alert_id: str, partitions: int) -> Life:
    """An alert's life.

    Args:
        log: where it is read.
        alert_id: which one, real or of an exercise.
        partitions: of the hub's topics, as the setting has it.

    Raises:
        WrongInput: the log keeps no alert of this id.
        Unavailable: the broker does not answer.
    """
    key = alert_id.encode()
    place = partition_of(key, TOPICS[ALERTS].partitions(partitions))
    states = await log.back(ALERTS, place, lambda r: r.key == key, enough=bool)
    if not states.records or states.records[-1].value is None:
        raise WrongInput(
            "the log keeps no such alert",
            field="ALERT_ID",
            value=alert_id,
            fix="Take an id from the Situation Room or from `urbanhub tap alerts --from-beginning`; "
            "an alert is kept until 90 days after its end",
        )
    newest = Alert.model_validate_json(states.records[-1].value)
    is_timed = alert_id.endswith(compact_ms(to_ms(newest.onset)))
    found = await log.back(
        ALERT_EVENTS,
        partition_of(key, TOPICS[ALERT_EVENTS].partitions(partitions)),
        lambda r: r.key == key,
        since_ms=to_ms(newest.onset) - AHEAD_MS if is_timed else None,
        enough=lambda records: any(map(_is_first, records)),
    )
    return Life(newest, _happened(found.records, is_whole=found.until == "enough"), found.until)


def _is_first(record: ConsumerRecord) -> bool:
    """Whether nothing of an alert lies before this event of it."""
    try:
        event = AlertEvent.model_validate_json(record.value or b"")
    except ValidationError:
        return False
    return event.step == 1 and event.transition == "raised" and event.cover is None


def _happened(records: list[ConsumerRecord], *, is_whole: bool) -> list[Happened]:
    """What each event changed, by the alerts stage itself: it alone decides whether an officer's act is taken."""
    stage, happened, is_known = AlertsStage(0), list[Happened](), is_whole
    for record in records:
        repeats = stage.repeats
        stage.step([record])
        out, stage.out = stage.out, Outputs()
        values = [each.value for each in out.records.get((ALERTS, 0), []) if each.value is not None]
        try:
            event = AlertEvent.model_validate_json(record.value or b"")
        except ValidationError:
            continue  # the stage has refused it
        if stage.repeats == repeats and event.cover is None:
            state = Alert.model_validate_json(values[-1]) if values else None
            is_known = is_known or state is not None
            taken = None if event.command is not None and not is_known else state is not None
            happened.append(Happened(event, record.timestamp, state, taken))
    return happened
