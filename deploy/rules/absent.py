"""How today's rule on absence looks for a sensor, and what of the log an absence rests on: when the sensor spoke."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.rules.evidence import Evidence, Span
from deploy.rules.explanation import AbsenceTold, LevelTold, Step
from deploy.rules.life import Happened
from deploy.rules.wording import lacking
from streams.contract.absence import ABSENT
from streams.contract.alerts import LEVEL_NAMES, Alert, Bilingual, Level
from streams.contract.durations import duration
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.times import from_ms, to_ms
from streams.engine.absence_rules import FAR_MS, absence_rules
from streams.engine.levels import Threshold
from streams.engine.roster import roster
from streams.registry import Registry

UNIT = "s"


@dataclass(frozen=True, slots=True)
class Missed:
    """One sensor as today's rule on absence looks for it."""

    rule: Rule
    sensor: Sensor
    limit: Threshold

    def threshold(self, level: Level | None) -> Threshold | None:
        """This level's, or None where it is not the rule's."""
        return self.limit if level == self.limit.level else None

    @property
    def words(self) -> Bilingual:
        """What is judged."""
        own = duration(self.sensor.interval_s)
        return Bilingual(
            ko=f"관측값이 없는 시간 (이 관측소의 주기는 {own.ko})",
            en=f"time without a reading (the sensor's own interval is {own.en})",
        )

    def levels_told(self) -> list[LevelTold]:
        """The rule's one level."""
        one = self.limit
        return [
            LevelTold(
                level=one.level,
                name=LEVEL_NAMES[one.level],
                upward=True,
                reach=one.reach,
                hold_s=0,
                leave=one.leave,
                leave_hold_s=0,
                source=self.rule.levels[0].source,
                gauge_source=None,
            )
        ]


def missed_by(rule: Rule | None, alert: Alert, known: Registry) -> Missed | None:
    """How the rule of today looks for the alert's sensor; None where it does not."""
    if rule is None or rule.absence is None or alert.measure != ABSENT:
        return None
    sensors = roster(rule.domain, list(known.sensors.values()), known.city, {}, lambda _: 0)
    number = sensors.index.get(alert.scope.sensor_id or "")
    (mine,) = absence_rules([rule], sensors)
    if number is None or mine.allowed_ms[number] == FAR_MS:
        return None
    return Missed(rule, sensors.sensors[number], mine.threshold(number))


async def grounded(step: Step, happened: Happened, missed: Missed, evidence: Evidence) -> Step:
    """A step of an absence with the sensor's readings at its two ends.

    Raises:
        Unavailable: the broker does not answer.
    """
    alert = happened.event.alert
    if alert is None:
        return step
    since_ms, at_ms = to_ms(alert.condition_since), to_ms(step.at)
    said_ms = happened.logged_ms if step.arrived_at is None else to_ms(step.arrived_at)
    spoke = await evidence.instants(missed.sensor.sensor_id, Span(since_ms, at_ms, said_ms))
    gaps = []
    if spoke.until != "enough":
        gaps = [lacking(Bilingual(ko="이 관측소의 관측 기록", en="The sensor's readings"), spoke.until)]
    told = AbsenceTold(
        since=alert.condition_since,
        has_spoken=since_ms in spoke.rows,
        heard=from_ms(max(spoke.rows)) if step.what == "cleared" and spoke.rows else None,
        interval_s=missed.sensor.interval_s,
    )
    return step.model_copy(update={"absence": told, "gaps": gaps})
