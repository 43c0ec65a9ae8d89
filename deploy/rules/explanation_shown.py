"""An explanation on a terminal: what the alert is about, its rule's levels, and each step with its values, times in KST."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from deploy.rules.explanation import Condition, Explanation, LevelTold, Step, ValueTold
from deploy.rules.sentences import minutes_words, readings_words, sentence
from deploy.rules.wording import HAPPENED, free_flow_words, kst, limit_words, number
from streams.contract.absence import ABSENT
from streams.contract.alerts import LEVEL_NAMES, Bilingual
from streams.contract.durations import duration

Language = Literal["ko", "en"]
T = TypeVar("T")
FIRST_ROWS: Final = 4
LAST_ROWS: Final = 8
"""Of many values the first and the last ones are shown: when it began and what completed it."""
_INDENT: Final = (0, 0, 0, 4)
_STATES: Final = {
    "active": Bilingual(ko="지금 유효", en="active now"),
    "cleared": Bilingual(ko="해제됨", en="ended"),
}
_EXERCISE: Final = Bilingual(ko="훈련", en="EXERCISE")
_NO_RULE: Final = Bilingual(ko="(지금은 없는 규칙)", en="(a rule that is gone)")
_JUDGED: Final = Bilingual(ko="판단하는 값", en="Judged")
_LEVEL_HEADS: Final = (
    Bilingual(ko="단계", en="Level"),
    Bilingual(ko="발령 기준", en="Reached at"),
    Bilingual(ko="해제 기준", en="Left at"),
    Bilingual(ko="근거", en="Source"),
)
_OWN: Final = Bilingual(ko="이 지점 기준 (등록부)", en="This gauge's own level (registry)")
_TIME: Final = Bilingual(ko="시각 (KST)", en="Time (KST)")
_VALUE: Final = Bilingual(ko="값", en="Value")
_MET: Final = Bilingual(ko="기준 충족", en="Met")
_SENSORS: Final = Bilingual(ko="관측소별 값", en="Sensors' values")
_PARTS: Final = Bilingual(ko="오염물질별 지수", en="Pollutants' own")
_YES, _NO = Bilingual(ko="예", en="yes"), Bilingual(ko="아니오", en="no")
_SOURCE: Final = Bilingual(ko="근거", en="Source")


class Page:
    """Writes explanations in one language.

    Args:
        console: where.
        lang: the language; names that exist in one only stay as they are.
    """

    def __init__(self, console: Console, lang: Language) -> None:
        self._console, self._lang = console, lang

    def show(self, told: Explanation) -> None:
        """Write one explanation."""
        alert = told.alert
        exercise = "" if alert.exercise is None else f"[bold reverse] {self._say(_EXERCISE)} [/] "
        rule, state = self._say(told.rule or _NO_RULE), self._say(_STATES[alert.state])
        self._console.print(f"{exercise}[bold]{self._say(told.about)}[/] · {rule} · {state}")
        self._console.print(escape(alert.alert_id), style="dim", soft_wrap=True)
        if told.judged is not None:
            unit = (
                f", {escape(told.unit)}" if told.unit and alert.measure != ABSENT else ""
            )  # a duration has its units with it
            self._console.print(f"{self._say(_JUDGED)}: {self._say(told.judged)}{unit}")
        if told.levels:
            self._console.print(Padding(self._levels(told.levels, told.unit), _INDENT, expand=False))
        for remark in told.changed:
            self._console.print(f"[yellow]! {self._say(remark)}[/]")
        for place, step in enumerate(told.steps, 1):
            self._show_step(place, step, told)

    def _say(self, text: Bilingual) -> str:
        return escape(getattr(text, self._lang))

    def _levels(self, levels: Sequence[LevelTold], unit: str) -> Table:
        table = Table(box=None, padding=(0, 2))
        for head in _LEVEL_HEADS:
            table.add_column(self._say(head), overflow="fold")
        for one in levels:
            reach = Condition(
                level=one.level,
                leaving=False,
                limit=one.reach,
                is_inside=True,
                upward=one.upward,
                hold_s=one.hold_s,
                from_gauge=one.gauge_source is not None,
                further=one.further,
                alone=one.alone,
            )
            away: dict[str, Any] = {"limit": one.leave, "is_inside": False, "upward": not one.upward}
            away |= {"hold_s": one.leave_hold_s, "further": [], "alone": None}
            own = "" if one.gauge_source is None else f"\n{self._say(_OWN)}: {escape(one.gauge_source)}"
            own += "" if one.free_flow is None else f"\n{self._say(free_flow_words(one.free_flow))}"
            leave = self._limit(reach.model_copy(update=away), unit)
            table.add_row(self._say(one.name), self._limit(reach, unit), leave, escape(one.source) + own)
        return table

    def _limit(self, condition: Condition, unit: str) -> str:
        """A limit with its duration: `150 µg/m³ 이상, 2시간 지속`."""
        said = limit_words(condition, unit)
        if condition.hold_s:
            held = duration(condition.hold_s)
            said = Bilingual(ko=f"{said.ko}, {held.ko} 지속", en=f"{said.en} for {held.en}")
        return self._say(said)

    def _show_step(self, place: int, step: Step, told: Explanation) -> None:
        at = step.at if step.command is None else step.at.replace(microsecond=0)
        level = "" if step.level is None else f" → {self._say(LEVEL_NAMES[step.level])}"
        self._console.print(f"\n[bold]{place}. {kst(at)} KST  {self._say(HAPPENED[step.what])}{level}[/]")
        self._line(self._say(sentence(step, told)))
        if step.judged:
            self._console.print(Padding(self._values(step.judged, told.unit), _INDENT, expand=False))
        if step.minutes:
            self._line(self._say(minutes_words(step.minutes)))
        for readings in step.readings:
            if readings.set_aside or not all(value.start is None for value in step.judged):  # else they stand above
                self._line(self._say(readings_words(readings)))
        if step.source is not None and not told.levels:
            self._line(f"{self._say(_SOURCE)}: {escape(step.source)}")
        for gap in step.gaps:
            self._line(f"[yellow]! {self._say(gap)}[/]")

    def _line(self, text: str) -> None:
        self._console.print(Padding(text, _INDENT, expand=False))

    def _values(self, values: Sequence[ValueTold], unit: str) -> Table:
        table = Table(box=None, padding=(0, 2))
        table.add_column(self._say(_TIME), no_wrap=True)
        table.add_column(f"{self._say(_VALUE)} ({escape(unit)})" if unit else self._say(_VALUE), justify="right")
        table.add_column(self._say(_MET))
        made_of = [one.sensors or one.parts for one in values]
        if any(made_of):
            table.add_column(self._say(_SENSORS if values[0].sensors else _PARTS), overflow="fold")
        for one in _ends(values):
            if one is None:
                table.add_row("…")
                continue
            row = [_when(one), number(one.value), self._say(_YES if one.met else _NO)]
            if any(made_of):
                parts = (one.sensors or one.parts).items()
                row.append(escape(", ".join(f"{name} {number(value)}" for name, value in parts)))
            table.add_row(*row, style=None if one.met else "dim")
        return table


def _when(value: ValueTold) -> str:
    return kst(value.end) if value.start is None else f"{kst(value.start)} – {kst(value.end)[11:]}"


def _ends(rows: Sequence[T]) -> Iterator[T | None]:
    """The first and last ones of many, None for what lies between."""
    if len(rows) <= FIRST_ROWS + LAST_ROWS + 1:
        yield from rows
        return
    yield from rows[:FIRST_ROWS]
    yield None
    yield from rows[-LAST_ROWS:]
