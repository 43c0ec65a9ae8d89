"""Why an alert was raised and what became of it: its life, and for each step of it what the log keeps of its grounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deploy.rules import absent, grounds
from deploy.rules.absent import Missed, missed_by
from deploy.rules.announced import Announcements, announced_by, announced_in
from deploy.rules.evidence import Evidence, Span
from deploy.rules.explanation import Condition, Explanation, Happening, LevelTold, Step
from deploy.rules.judged import JudgedValue, held_since
from deploy.rules.kept_log import KeptLog
from deploy.rules.life import Happened, Life, life_of
from deploy.rules.watched import Watched, changes_since, levels_told, watched_by
from deploy.rules.wording import covered_words, further_told, judged_words, lacking, number
from streams import maintenance, registry, rulebook
from streams.contract.alerts import Alert, AlertEvent, Bilingual, Level
from streams.contract.bulletins import Bulletin
from streams.contract.rules import Rule
from streams.contract.times import from_ms, to_ms
from streams.engine.announced_levels import distance_of
from streams.engine.levels import Threshold
from streams.registry import Registry
from streams.settings import Settings

LOGGED_WITH_MS: Final = 5_000
"""A window is sent in one transaction with the event that rests on it: it has arrived within so much."""
LEAVING: Final = ("stepped_down", "cleared")
WHOLE_CITY: Final = Bilingual(ko="시 전역", en="the whole city")


async def explain(settings: Settings, alert_id: str) -> Explanation:
    """Explain an alert from the log.

    Args:
        settings: how the broker is reached, and where the city's data lie.
        alert_id: of reality or of an exercise.

    Raises:
        WrongInput: the log keeps no such alert.
        WrongSeed: the city's data is wrong.
        Unavailable: the broker does not answer.
    """
    known, rules = registry.load(settings.seeds), rulebook.load(settings.seeds)
    async with KeptLog(settings) as log:
        life = await life_of(log, alert_id, settings.partitions)
        events = [each.event for each in life.events]
        rule = next((one for one in rules if one.rule_id == life.newest.rule_id), None)
        watched, missed = watched_by(rule, life.newest, known), missed_by(rule, life.newest, known)
        case = _Case(
            known=known,
            announced=await announced_by(log, events),
            watched=watched,
            missed=missed,
            evidence=None if rule is None else _evidence(log, rule, life.newest, known, settings),
        )
        steps: list[Step] = []
        level: Level | None = None
        for each in life.events:
            steps.append(await case.step(each, level))
            level = each.event.level if each.event.command is None else level
    changed = changes_since(rule, watched or missed, events)
    if (by := life.newest.covered_by) is not None:
        changed = [covered_words(by, rules), *changed]
    return _told(life, rule, watched or missed, _about(life.newest, known), changed, steps)


def _evidence(log: KeptLog, rule: Rule, alert: Alert, known: Registry, settings: Settings) -> Evidence:
    future_ms = round(known.city.domains[rule.domain].future_s * 1000)
    measure = None if rule.when is None else rule.when.measure
    periods = maintenance.load(settings.seeds, known)

    def is_set_aside(sensor_id: str, at_ms: int) -> bool:
        sensor = known.sensors.get(sensor_id)
        return sensor is not None and any(p.is_of(sensor) and to_ms(p.begin) <= at_ms < to_ms(p.end) for p in periods)

    return Evidence(log, rule.domain, measure, alert.exercise, settings.partitions, future_ms, is_set_aside)


def _told(
    life: Life,
    rule: Rule | None,
    watched: Watched | Missed | None,
    about: Bilingual,
    changed: list[Bilingual],
    steps: list[Step],
) -> Explanation:
    judged, unit, levels = _judged(watched)
    if not steps or life.until != "enough":
        events = Bilingual(ko="이 경보의 앞선 사건 기록", en="Earlier events of this alert")
        changed = [*changed, lacking(events, life.until)]
    return Explanation(
        alert=life.newest,
        rule=None if rule is None else rule.name,
        about=about,
        judged=judged,
        unit=unit,
        levels=levels,
        changed=changed,
        steps=steps,
    )


def _judged(watched: Watched | Missed | None) -> tuple[Bilingual | None, str, list[LevelTold]]:
    """What today's rule judges, its unit, its levels."""
    if watched is None:
        return None, "", []
    if isinstance(watched, Missed):
        return watched.words, absent.UNIT, watched.levels_told()
    return *judged_words(watched.rule, watched.when), levels_told(watched.rule, watched)


def _about(alert: Alert, known: Registry) -> Bilingual:
    """The sensor with its zone, the zone, or the area of an announcement."""
    zones = [known.zones[z].name if z in known.zones else Bilingual(ko=z, en=z) for z in alert.area]
    place = Bilingual(ko="·".join(z.ko for z in zones), en=", ".join(z.en for z in zones)) if zones else WHOLE_CITY
    sensor_id = alert.scope.sensor_id
    if sensor_id is None:
        return place
    sensor = known.sensors.get(sensor_id)
    if sensor is None:
        return Bilingual(ko=f"{place.ko} {sensor_id}", en=f"{sensor_id}, {place.en}")
    return Bilingual(ko=f"{place.ko} {sensor.name.ko} ({sensor_id})", en=f"{sensor.name.en}, {place.en} ({sensor_id})")


@dataclass(frozen=True, slots=True)
class _Case:
    """What an alert's steps are explained by."""

    known: Registry
    announced: Announcements
    watched: Watched | None
    missed: Missed | None
    evidence: Evidence | None

    async def step(self, happened: Happened, before: Level | None) -> Step:
        """One event with its grounds; `before` is the level at which the alert stood."""
        event, seen = happened.event, happened.event.alert
        step = Step(
            what=_what(event),
            at=event.at,
            arrived_at=event.arrived_at,
            taken=happened.taken,
            level=event.level,
            value=event.value,
            threshold=None if seen is None else seen.threshold,
            headline=None if seen is None else seen.headline,
            source=None if seen is None else seen.source,
            command=event.command,
            why=event.withdrawn,
        )
        if event.command is not None or event.withdrawn is not None:
            return step
        if (announced := announced_in(event)) is not None:
            return self._announced(step, self.announced.found.get(announced))
        if self.missed is not None and self.evidence is not None:
            return await absent.grounded(step, happened, self.missed, self.evidence)
        leaving = event.transition in LEAVING
        threshold = None if self.watched is None else self.watched.threshold(before if leaving else event.level)
        if self.watched is None or self.evidence is None or threshold is None:
            return step
        if event.bounds is not None:
            threshold = threshold._replace(**event.bounds.model_dump())  # as it was then
        return await self._grounded(step, happened, threshold, self.watched, self.evidence)

    def _announced(self, step: Step, bulletin: Bulletin | None) -> Step:
        if bulletin is not None:
            km = distance_of(bulletin, self.known.city.centre)
            return step.model_copy(update={"bulletin": bulletin, "distance_km": km})
        what = Bilingual(ko="이 발표문", en="This announcement")
        return step.model_copy(update={"gaps": [lacking(what, self.announced.until)]})

    async def _grounded(
        self, step: Step, happened: Happened, threshold: Threshold, watched: Watched, evidence: Evidence
    ) -> Step:
        """The step with what was judged up to it."""
        leaving, at_ms, alert = step.what in LEAVING, to_ms(step.at), happened.event.alert
        hold_ms = threshold.leave_hold_ms if leaving else threshold.hold_ms
        since_ms = at_ms - max(hold_ms, watched.window_ms)
        if step.what == "raised" and alert is not None:
            since_ms = to_ms(alert.condition_since)
        said_ms = happened.logged_ms if step.arrived_at is None else to_ms(step.arrived_at)
        asked = grounds.Asked(since_ms, at_ms, said_ms, happened.logged_ms + LOGGED_WITH_MS)
        sensors = watched.sensors | set(alert.sensors if alert is not None else ())
        found = await grounds.values_of(evidence, watched, sensors, asked)
        held_ms = held_since(found.values, threshold, below=watched.below, leaving=leaving, gap_ms=watched.gap_ms)
        if step.what == "raised":
            held_ms = since_ms  # the log says so, whatever it still holds
        gaps = _gaps(found, since_ms, at_ms, step.value)
        inside = Span(at_ms - watched.window_ms if watched.window_ms else since_ms, at_ms, said_ms)
        readings = await grounds.readings_inside(evidence, watched, sensors, inside, self.known)
        if watched.window_ms and not readings.rows:
            what = Bilingual(ko="집계 구간 안의 관측값", en="The readings inside the window")
            gaps.append(lacking(what, readings.until))
        return step.model_copy(
            update={
                "condition": _condition(
                    threshold, watched, found.values, leaving=leaving, held_ms=held_ms, at_ms=at_ms
                ),
                "judged": grounds.values_told(found.values, threshold, watched, leaving=leaving),
                "minutes": grounds.minutes_told(found.minutes, watched, at_ms),
                "readings": readings.rows,
                "gaps": gaps,
            }
        )


def _what(event: AlertEvent) -> Happening:
    if event.command is not None:
        return event.command.kind
    if event.withdrawn is not None or event.transition == "commanded":
        return "withdrawn"
    return event.transition


def _condition(
    threshold: Threshold,
    watched: Watched,
    values: Sequence[JudgedValue],
    *,
    leaving: bool,
    held_ms: int | None,
    at_ms: int,
) -> Condition:
    came = (values[-1].further if values and values[-1].end_ms == at_ms else None) or {}
    return Condition(
        level=threshold.level,
        leaving=leaving,
        limit=threshold.leave if leaving else threshold.reach,
        is_inside=not leaving,
        upward=watched.below == leaving,
        hold_s=(threshold.leave_hold_ms if leaving else threshold.hold_ms) / 1000,
        from_gauge=watched.is_from_gauge(threshold.level),
        from_free_flow=watched.free_flow(threshold.level) is not None,
        further=[]
        if leaving
        else [further_told(watched.rule.domain, watched.when, also, came.get(also)) for also in threshold.also],
        alone=None if leaving else threshold.alone,
        held_since=None if held_ms is None else from_ms(held_ms),
        held_s=None if held_ms is None else (at_ms - held_ms) / 1000,
    )


def _gaps(found: grounds.Grounds, since_ms: int, at_ms: int, told: float | None) -> list[Bilingual]:
    """What can't be shown of the values, and where they come to something else than the log says."""
    values, until = found.values, found.until
    if not values or values[-1].end_ms != at_ms:
        return [lacking(Bilingual(ko="판단에 쓰인 값", en="The values that were judged"), until)]
    if until != "enough" and values[0].start_ms > since_ms:
        return [lacking(Bilingual(ko="그보다 앞선 값", en="Values before these"), until)]
    if told is not None and abs(values[-1].value - told) > 1e-6:
        now = number(values[-1].value)
        return [
            Bilingual(
                ko=f"지금 로그로 계산하면 {now}입니다 (당시 {number(told)}). 일부가 지워졌거나 나중에 채워졌습니다.",
                en=f"What the log still holds comes to {now} ({number(told)} then): some of it is gone or came later.",
            )
        ]
    return []
