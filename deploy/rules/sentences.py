"""What an explanation says of each step, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from deploy.rules.explanation import (
    AbsenceTold,
    Condition,
    Explanation,
    MinutesTold,
    ReadingsTold,
    Step,
)
from deploy.rules.wording import kst, limit_words, number
from streams.contract.alerts import LEVEL_NAMES, Bilingual, Command
from streams.contract.bulletins import Bulletin
from streams.contract.durations import duration

_CLOSED: Final = Bilingual(
    ko="담당자가 이미 종료한 뒤라 경보는 그대로입니다.",
    en="An officer had closed it before: the alert stayed as it was.",
)


def sentence(step: Step, told: Explanation) -> Bilingual:
    """What happened in this step, in one or two sentences."""
    if step.command is not None:
        return _of_command(step.command, taken=step.taken)
    if step.why is not None:
        return step.why
    if step.absence is not None and step.value is not None:
        said = _of_absence(step.absence, step.value)
    elif step.bulletin is not None:
        said = _of_bulletin(step, step.bulletin)
    elif step.condition is not None and step.value is not None:
        said = _of_condition(step.condition, step.value, told)
    else:
        said = _from_log(step, told)
    return said if step.taken is not False else Bilingual(ko=f"{said.ko} {_CLOSED.ko}", en=f"{said.en} {_CLOSED.en}")


def _of_absence(absence: AbsenceTold, seconds: float) -> Bilingual:
    since, unheard, own = kst(absence.since), duration(seconds), duration(absence.interval_s)
    if absence.heard is not None:
        return Bilingual(
            ko=f"{kst(absence.heard)} 관측값부터 다시 수신되고 있습니다. {unheard.ko} 동안 무응답이었습니다.",
            en=f"It speaks again, with a reading of {kst(absence.heard)} KST, after {unheard.en}.",
        )
    if absence.has_spoken:
        last = Bilingual(ko=f"마지막 관측값은 {since}의 것입니다.", en=f"Its last reading is of {since} KST.")
    else:
        last = Bilingual(
            ko=f"{since}부터 기다렸으나 이 관측소의 관측값이 없습니다.",
            en=f"It has been waited for since {since} KST, and no reading of it has come.",
        )
    return Bilingual(
        ko=f"{last.ko} {own.ko}마다 값을 보내야 하는데 {unheard.ko} 동안 없었습니다.",
        en=f"{last.en} It should speak every {own.en}, and said nothing for {unheard.en}.",
    )


def _of_condition(condition: Condition, value: float, told: Explanation) -> Bilingual:
    level, limit = LEVEL_NAMES[condition.level], limit_words(condition, told.unit)
    what = told.judged or Bilingual(ko="값", en="value")
    own = Bilingual(ko="", en="the ")
    if condition.from_gauge:
        own = Bilingual(ko="이 지점 ", en="this gauge's own ")
    elif condition.from_free_flow:
        own = Bilingual(ko="이 구간 ", en="this link's own ")
    to = Bilingual(ko=" 해제", en="limit for leaving ") if condition.leaving else Bilingual(ko="", en="threshold for ")
    said = Bilingual(
        ko=f"{what.ko} {_with_unit(value, told.unit)}: {own.ko}{level.ko}{to.ko} 기준({limit.ko})을 충족했습니다.",
        en=f"{what.en}: {_with_unit(value, told.unit)} meets {own.en}{to.en}{level.en} ({limit.en}).",
    )
    held = _held(condition)
    return Bilingual(ko=f"{said.ko} {held.ko}", en=f"{said.en} {held.en}")


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def _held(condition: Condition) -> Bilingual:
    if not condition.hold_s:
        return Bilingual(
            ko="지속 시간 조건이 없어 바로 적용했습니다.", en="No duration is asked for: it took effect at once."
        )
    needed = duration(condition.hold_s)
    if condition.held_since is None or condition.held_s is None:
        return Bilingual(ko=f"이 상태가 {needed.ko} 이어져야 합니다.", en=f"It had to hold for {needed.en}.")
    held = duration(condition.held_s)
    return Bilingual(
        ko=f"이 상태가 {needed.ko} 이어져야 하며, {kst(condition.held_since)}부터 {held.ko} 이어졌습니다.",
        en=f"It had to hold for {needed.en} and had held for {held.en}, since {kst(condition.held_since)} KST.",
    )


def _from_log(step: Step, told: Explanation) -> Bilingual:
    """What is left to say where the rule of that time is not known."""
    if step.value is None:
        return step.headline or told.alert.headline
    limit = Bilingual(ko="", en="")
    if step.threshold is not None:
        limit = Bilingual(ko=f", 기준 {step.threshold:g}", en=f", threshold {step.threshold:g}")
    return Bilingual(
        ko=f"기록된 값 {number(step.value)}{limit.ko}.", en=f"Value in the log {number(step.value)}{limit.en}."
    )


def _of_bulletin(step: Step, bulletin: Bulletin) -> Bilingual:
    again = Bilingual(ko="", en="")
    if bulletin.revision:
        again = Bilingual(ko=f", {bulletin.revision}차 수정", en=f", revision {bulletin.revision}")
    said = Bilingual(
        ko=f"{bulletin.source} 발표 {bulletin.bulletin_id}{again.ko}",
        en=f"Announcement {bulletin.bulletin_id} of {bulletin.source}{again.en}",
    )
    parts = [(f"{kst(bulletin.issued_at)} 발표", f"issued {kst(bulletin.issued_at)} KST")]
    if bulletin.magnitude is not None:
        parts.append((f"규모 {bulletin.magnitude:g}", f"magnitude {bulletin.magnitude:g}"))
        if step.threshold is not None:
            reach = f"{step.threshold:g}"
            parts.append((f"기준 규모 {reach} 이상", f"threshold magnitude {reach} or more"))
    if bulletin.intensity is not None:
        parts.append((f"최대진도 {bulletin.intensity:g}", f"greatest intensity {bulletin.intensity:g}"))
    if step.distance_km is not None:
        km = f"{step.distance_km:.0f} km"
        parts.append((f"시 중심에서 {km}", f"{km} from the city's centre"))
    if bulletin.level is not None:
        name = LEVEL_NAMES[bulletin.level]
        parts.append((f"발표 단계 {name.ko}", f"announced level {name.en}"))
    if bulletin.cancelled:
        parts.append(("발표 기관이 해제", "lifted by its institution"))
    return Bilingual(
        ko=f"{said.ko} ({', '.join(ko for ko, _ in parts)}): {bulletin.texts.ko}",
        en=f"{said.en} ({', '.join(en for _, en in parts)}): {bulletin.texts.en}",
    )


def _of_command(command: Command, *, taken: bool | None) -> Bilingual:
    note = f" “{command.note}”" if command.note else ""
    until = Bilingual(ko="", en="")
    if command.until is not None:
        until = Bilingual(ko=f", {kst(command.until)}까지", en=f", until {kst(command.until)} KST")
    refused = Bilingual(ko="", en="")
    if taken is False:
        refused = Bilingual(ko=" (받아들여지지 않음)", en=" (not taken)")
    if taken is None:
        refused = Bilingual(ko=" (받아들여졌는지 기록에 없음)", en=" (whether it was taken is not in the log any more)")
    return Bilingual(ko=f"{command.by}{until.ko}{note}{refused.ko}", en=f"{command.by}{until.en}{note}{refused.en}")


def minutes_words(minutes: Sequence[MinutesTold]) -> Bilingual:
    """What a sum, mean or rise is made of, stretch by stretch."""
    parts = ", ".join(f"{kst(m.start)[11:16]}–{kst(m.end)[11:16]} {number(m.value)}" for m in minutes)
    return Bilingual(
        ko=f"구간별 (관측이 없는 구간 제외): {parts}", en=f"Made up of (stretches without readings left out): {parts}"
    )


def readings_words(readings: ReadingsTold) -> Bilingual:
    """How many readings of a sensor entered, when and between which values; those that were set aside."""
    ko, en = [f"{readings.count}개"], [f"{readings.count}"]
    if readings.first is not None and readings.last is not None:
        ko.append(f"{kst(readings.first)} ~ {kst(readings.last)}")
        en.append(f"{kst(readings.first)} to {kst(readings.last)}")
    if readings.min is not None and readings.max is not None:
        ko.append(f"최소 {number(readings.min)}, 최대 {number(readings.max)}")
        en.append(f"least {number(readings.min)}, greatest {number(readings.max)}")
    if readings.set_aside:
        ko.append(f"품질 표시(의심·점검)로 제외 {readings.set_aside}개")
        en.append(f"{readings.set_aside} set aside for their quality (suspect, maintenance)")
    return Bilingual(
        ko=f"관측값 {readings.name.ko}: {', '.join(ko)}", en=f"Readings of {readings.name.en}: {', '.join(en)}"
    )
