"""The words of an explanation, in Korean and English: for a duty officer at three in the morning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from deploy.rules.explanation import (
    Condition,
    FreeFlowTold,
    FurtherTold,
    Happening,
)
from deploy.rules.kept_log import Until
from streams.clock import KST
from streams.contract.alerts import Bilingual
from streams.contract.derived import CAI, measure_of
from streams.contract.durations import duration
from streams.contract.further import Also
from streams.contract.readings import Domain
from streams.contract.rules import Rule
from streams.contract.times import Instant
from streams.contract.watched import When

HAPPENED: Final[dict[Happening, Bilingual]] = {
    "raised": Bilingual(ko="발령", en="Raised"),
    "stepped_up": Bilingual(ko="단계 상향", en="Stepped up"),
    "stepped_down": Bilingual(ko="단계 하향", en="Stepped down"),
    "cleared": Bilingual(ko="해제", en="Cleared"),
    "revised": Bilingual(ko="수정 발표", en="Revised"),
    "withdrawn": Bilingual(ko="판단 종료", en="Withdrawn"),
    "acknowledge": Bilingual(ko="확인", en="Acknowledged"),
    "comment": Bilingual(ko="메모", en="Comment"),
    "silence": Bilingual(ko="알림 멈춤", en="Silenced"),
    "close": Bilingual(ko="담당자 종료", en="Closed by an officer"),
}
_AGGREGATES: Final = {
    "sum": Bilingual(ko="합계", en="sum"),
    "mean": Bilingual(ko="평균", en="mean"),
    "max": Bilingual(ko="최댓값", en="maximum"),
    "min": Bilingual(ko="최솟값", en="minimum"),
    "last": Bilingual(ko="마지막 값", en="last value"),
    "rise": Bilingual(ko="상승 폭", en="rise"),
    "range": Bilingual(ko="변동 폭", en="range"),
}
_LACKING: Final[dict[Until, Bilingual]] = {
    "deleted": Bilingual(
        ko="보관 기간이 지나 Kafka에 더는 남아 있지 않습니다", en="Kafka no longer keeps them: their time is over"
    ),
    "limit": Bilingual(
        ko="기록이 너무 많아 여기까지 거슬러 읽지 않았습니다", en="the log holds too many records to read back so far"
    ),
    "enough": Bilingual(ko="로그에 없습니다", en="the log does not hold them"),
}


def kst(at: Instant) -> str:
    """An instant as it is shown: `2022-09-06 05:10:00`, KST; the fraction only where there is one."""
    local = at.astimezone(KST)
    fraction = f".{local.microsecond // 1000:03d}" if local.microsecond else ""
    return f"{local:%Y-%m-%d %H:%M:%S}{fraction}"


def number(value: float) -> str:
    """A value with as many digits as tell it from a threshold."""
    return f"{value:.6g}"


def judged_words(rule: Rule, when: When) -> tuple[Bilingual, str]:
    """What a rule judges, and its unit."""
    measure = measure_of(rule.domain, when.measure)
    if when.measure == CAI:
        return Bilingual(ko=f"매시 {measure.ko}", en=f"{measure.en} at each hour"), measure.unit
    if when.window == "reading":
        said = Bilingual(ko=f"{measure.ko} 관측값", en=f"{measure.en}, single readings")
    else:
        slides = when.window == "sliding"
        said, _ = _measured(rule.domain, when.measure, when.aggregate, when.window_s or 0, slides=slides)
    if when.zone is None:
        return said, measure.unit
    if when.zone.judge == "share":
        above = when.zone.at_least is not None
        limit = number(when.zone.at_least if when.zone.at_least is not None else when.zone.at_most or 0)
        return Bilingual(
            ko=f"구역 관측소 가운데 {limit} {measure.unit} {'이상' if above else '이하'}인 비율 ({said.ko})",
            en=f"share of the zone's sensors at {limit} {measure.unit} or {'more' if above else 'less'} ({said.en})",
        ), "%"
    judge = _AGGREGATES[when.zone.judge]
    return Bilingual(
        ko=f"구역 안 관측소들의 {judge.ko} ({said.ko})", en=f"{judge.en} over the zone's sensors ({said.en})"
    ), measure.unit


def further_told(domain: Domain, when: When, also: Also, value: float | None = None) -> FurtherTold:
    """A further condition of a rule that watches this, in words, with what it came to."""
    said, unit = _measured(domain, also.measure, also.aggregate, also.window_s, slides=when.window == "sliding")
    upward = also.at_least is not None
    limit = also.at_least if also.at_least is not None else also.at_most or 0
    return FurtherTold(what=said, unit=unit, limit=limit, upward=upward, value=value)


def _measured(domain: Domain, name: str, aggregate: str, length_s: int, *, slides: bool) -> tuple[Bilingual, str]:
    """What is made of a measure's window, and its unit."""
    measure, length, made = measure_of(domain, name), duration(length_s), _AGGREGATES[aggregate]
    return Bilingual(
        ko=f"{'최근 ' if slides else ''}{length.ko} {measure.ko} {made.ko}",
        en=f"{measure.en}, {made.en} of {'the last ' if slides else ''}{length.en}",
    ), measure.unit


def further_words(further: Sequence[FurtherTold], alone: float | None, unit: str, *, upward: bool) -> Bilingual:
    """What must hold with a threshold, and what reaches the level without: empty where it is the threshold alone."""
    ko, en = "", ""
    for one in further:
        limit = _bound(one.limit, one.unit, inside=True, upward=one.upward)
        came = Bilingual(ko="", en="")
        if one.value is not None:
            came = Bilingual(ko=f" (당시 {number(one.value)} {one.unit})", en=f" ({number(one.value)} {one.unit} then)")
        ko += f"이면서 {one.what.ko} {limit.ko}{came.ko}"
        en += f" while {one.what.en} is {limit.en}{came.en}"
    if alone is not None:
        limit = _bound(alone, unit, inside=True, upward=upward)
        ko, en = f"{ko}; 또는 이 값 하나로 {limit.ko}", f"{en}; or by itself {limit.en}"
    return Bilingual(ko=ko, en=en)


def limit_words(condition: Condition, unit: str) -> Bilingual:
    """A condition's limit: `3 m 이상`, `3 m or more`; with what must hold with it."""
    said = _bound(condition.limit, unit, inside=condition.is_inside, upward=condition.upward)
    more = further_words(condition.further, condition.alone, unit, upward=condition.upward)
    return Bilingual(ko=said.ko + more.ko, en=said.en + more.en)


def _bound(limit: float, unit: str, *, inside: bool, upward: bool) -> Bilingual:
    """A limit with its unit; seconds as people say them, in hours and minutes."""
    plain = f"{limit:g} {unit}".rstrip()
    value = duration(limit) if unit == "s" else Bilingual(ko=plain, en=plain)
    if inside:
        ko, en = ("이상", "or more") if upward else ("이하", "or less")
        return Bilingual(ko=f"{value.ko} {ko}", en=f"{value.en} {en}")
    ko, en = ("초과", "above") if upward else ("미만", "below")
    return Bilingual(ko=f"{value.ko} {ko}", en=f"{en} {value.en}")


def free_flow_words(told: FreeFlowTold) -> Bilingual:
    """What a link's thresholds are a share of: `자유속도 60 km/h의 30 % (해제 50 %)`."""
    return Bilingual(
        ko=f"이 구간 자유속도 {told.kmh:g} km/h의 {told.pct:g} % (해제 {told.leave_pct:g} %)",
        en=f"{told.pct:g} % of this link's free flow of {told.kmh:g} km/h (left at {told.leave_pct:g} %)",
    )


def covered_words(alert_id: str, rules: Sequence[Rule]) -> Bilingual:
    """That an alert calls nobody by itself, and which one does in its place."""
    by = next((rule.name for rule in rules if rule.rule_id == alert_id.partition(":")[0]), Bilingual(ko="", en=""))
    return Bilingual(
        ko=f"{by.ko} {alert_id}에 포함되어 따로 알리지 않습니다.".strip(),
        en=f"Covered by {f'{by.en} ' if by.en else ''}{alert_id}: it calls nobody by itself.",
    )


def lacking(what: Bilingual, until: Until) -> Bilingual:
    """That something can't be shown, and why."""
    why = _LACKING[until]
    return Bilingual(ko=f"{what.ko}: {why.ko}.", en=f"{what.en} can't be shown: {why.en}.")
