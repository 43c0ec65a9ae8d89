"""A dry run on a terminal: which alerts the changed rules would have raised otherwise, in Korean or English, times in KST."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.rules.difference import AlertLife, Difference, Kind
from deploy.rules.dry_run import Comparison
from deploy.rules.explanation_shown import Language
from deploy.rules.wording import kst
from streams.contract.alerts import LEVEL_NAMES, Bilingual
from streams.contract.durations import duration

STEPS_SHOWN: Final = 5
"""Of an alert that goes up and down for hours the first ones tell enough; all of them are in the JSON."""
_KINDS: Final[dict[Kind, Bilingual]] = {
    "raised": Bilingual(ko="새로 발령", en="raised"),
    "gone": Bilingual(ko="없어짐", en="gone"),
    "earlier": Bilingual(ko="더 일찍", en="earlier"),
    "later": Bilingual(ko="더 늦게", en="later"),
    "levels": Bilingual(ko="다른 단계", en="other levels"),
    "times": Bilingual(ko="단계·해제 시각", en="other times"),
}
_HEADS: Final = (
    Bilingual(ko="차이", en="Difference"),
    Bilingual(ko="규칙", en="Rule"),
    Bilingual(ko="대상", en="Sensor or zone"),
    Bilingual(ko="지금 규칙 (KST)", en="Rules of today (KST)"),
    Bilingual(ko="바꾼 규칙 (KST)", en="Changed rules (KST)"),
)
_EXERCISE: Final = Bilingual(ko="훈련", en="exercise")
_ENDED: Final = Bilingual(ko="해제", en="ended")


def print_comparison(found: Comparison, console: Console, lang: Language) -> None:
    """Write it for a person."""
    for line in _lines(found):
        console.print(escape(getattr(line, lang)), soft_wrap=True)
    if not found.different:
        return
    table = Table(box=None, padding=(0, 2))
    for head in _HEADS:
        table.add_column(getattr(head, lang), overflow="fold")
    for each in found.different:
        table.add_row(*map(escape, _row(each, lang)))
    console.print(table)


def _lines(found: Comparison) -> list[Bilingual]:
    run_in, since, begin = duration(found.run_in_s), kst(found.since)[:16], kst(found.read_from)[:16]
    lines = [
        Bilingual(
            ko=f"{since} KST부터의 경보를 비교했습니다. 집계와 지속 시간 때문에 {run_in.ko} 앞선 {begin} KST부터 읽었습니다.",
            en=f"Alerts since {since} KST. Read from {begin} KST, {run_in.en} earlier, for windows and durations to run in.",
        ),
        Bilingual(
            ko="그 전에 발령되어 이어지는 경보는 보이지 않거나 발령 시각이 더 늦게 나옵니다.",
            en="An alert that was raised before that and is still held is not seen, or with a later onset.",
        ),
    ]
    if found.is_cut:
        lines.append(
            Bilingual(
                ko="주의: 그 시간의 일부 기록이 Kafka에 더는 남아 있지 않아, 남은 것부터 판단했습니다.",
                en="Note: Kafka no longer keeps all of that time; it was judged from the oldest record on.",
            )
        )
    names = [
        (Bilingual(ko="바뀐 규칙", en="Changed rules"), found.changed),
        (Bilingual(ko="새 규칙", en="New rules"), found.added),
        (Bilingual(ko="없어진 규칙", en="Removed rules"), found.removed),
    ]
    for head, rules in names:
        if rules:
            lines.append(Bilingual(ko=f"{head.ko}: {', '.join(rules)}", en=f"{head.en}: {', '.join(rules)}"))
    kinds = Counter(each.kind for each in found.different)
    ko = ", ".join(f"{_KINDS[kind].ko} {n}건" for kind, n in kinds.items()) or "다른 경보 없음"
    en = ", ".join(f"{n} {_KINDS[kind].en}" for kind, n in kinds.items()) or "no alert differs"
    records = f"{found.records:,}"
    lines.append(
        Bilingual(
            ko=f"기록 {records}건, 같은 경보 {found.same}건, {ko}. 아무것도 발행하지 않았습니다.",
            en=f"{records} records, {found.same} alerts the same, {en}. Nothing was published.",
        )
    )
    return lines


def _row(each: Difference, lang: Language) -> list[str]:
    life = each.before or each.after
    assert life is not None
    what: str = getattr(_KINDS[each.kind], lang)
    if each.shift_s:
        what = f"{getattr(duration(abs(each.shift_s)), lang)} {what}"
    scope = life.scope_id if life.exercise is None else f"{life.scope_id} ({getattr(_EXERCISE, lang)} {life.exercise})"
    return [what, life.rule_id, scope, _life(each.before, lang), _life(each.after, lang)]


def _life(life: AlertLife | None, lang: Language) -> str:
    """`09-06 05:10 주의보 → 05:40 경보 → 07:10 해제`."""
    if life is None:
        return "–"
    parts, day = [], ""
    for step in life.steps[:STEPS_SHOWN]:
        at = kst(step.at)
        name = getattr(_ENDED if step.level is None else LEVEL_NAMES[step.level], lang)
        parts.append(f"{'' if at[:10] == day else at[5:11]}{at[11:16]} {name}")
        day = at[:10]
    if len(life.steps) > STEPS_SHOWN:
        parts.append("…")
    return " → ".join(parts)
