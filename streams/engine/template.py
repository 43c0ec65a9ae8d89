"""Records that are alike but for a sensor's id, a time and some numbers, read as columns without reading any alone.

A gateway writes all of its records in one form. A template is that form, learned from one record that the decoder has
accepted: the bytes that stay the same (names, marks, unknown fields, the zone of the time, a source), and between them the
places of id, time and measures. A record that has exactly these bytes, and at the places an id of the roster, a time and
numbers within their bounds, is what the decoder would make of it; any other is left to the decoder. A property test holds
the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from streams.engine.decimals import Floats, numbers
from streams.engine.directory import Directory
from streams.engine.instants import Bools, Ints, parse_instants
from streams.engine.joined import WORD, Joined, Words

_FIELD: Final = re.compile(rb'[ \t]*"([A-Za-z0-9_]+)"[ \t]*:[ \t]*("[^"\\\x00-\x1f]*"|[-+.0-9A-Za-z]+)[ \t]*([,}])')
_TIME: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_MINUTE: Final = 16
"""Characters of a time before its seconds' colon: two words."""
_FEW_MINUTES: Final = 8
"""Most batches have no more than a few minutes, which are found quicker one by one than by sorting."""
_KEPT_MINUTES: Final = 4096


class _Edge(NamedTuple):
    """A position in each record of a form: so far from one of its quotes, or from its end where that is None."""

    quote: int | None
    distance: int

    def of(self, text: Joined, rows: Ints) -> Ints:
        """Where it is in these records. (n,)"""
        if self.quote is None:
            return text.end[rows] + self.distance
        return text.quote[text.first_quote[rows] + self.quote] + self.distance


class _Place(NamedTuple):
    """What varies from record to record, and the bytes before it that do not."""

    before: bytes
    begin: _Edge
    end: _Edge
    measure: int | None
    """Index of the measure whose number it is; None for id and time."""


class Found(NamedTuple):
    """Records that a template has read; values by measure are in the same order. (n,)"""

    rows: Ints
    """Where they stand among all, ascending."""
    sensor: Ints
    at_ms: Ints
    values: list[tuple[int, Floats]]


class Template:
    """The form of a record.

    Args:
        example: a record that the decoder has accepted.
        measures: index and bounds (least, greatest) of each measure by name.

    Raises:
        ValueError: its form is not one that can be learned.
    """

    def __init__(self, example: bytes, measures: Mapping[str, tuple[int, float, float]]) -> None:
        self._bounds = {index: (low, high) for index, low, high in measures.values()}
        self.quotes = example.count(b'"')
        self._places: list[_Place] = []
        self._time = self._sensor = -1
        self._fraction, self._zone = 0, ""
        self._minutes: dict[tuple[int, int], int] = {}
        """By the two words of a minute: its epoch ms, less than 0 where it is none, or before 1970: left to the decoder."""
        after = self._learn(example, {name.encode(): index for name, (index, _, _) in measures.items()})
        if self._time < 0 or self._sensor < 0:
            raise ValueError("it has no id or no time")
        self._after = example[after:]

    # -- learned ----------------------------------------------------------------------------------------------------

    def _learn(self, example: bytes, index: Mapping[bytes, int]) -> int:
        """Find the places; returns where the last one ends."""
        at, done, names = 1, 0, set[bytes]()
        if example[:1] != b"{":
            raise ValueError("it is no object")
        while at < len(example):
            field = _FIELD.match(example, at)
            if field is None or field[1] in names or (field[3] == b"}") != (field.end() == len(example)):
                raise ValueError("it is not flat, or has a name twice")
            names.add(field[1])
            begin, end = field.span(2)
            if field[1] in (b"sensor_id", b"observed_at"):
                if field[2][:1] != b'"':
                    raise ValueError("its id or time is no text")
                begin, end = begin + 1, end - 1
                if field[1] == b"sensor_id":
                    self._sensor = len(self._places)
                else:
                    self._time, end = len(self._places), self._learn_time(example[begin:end], begin)
                done = self._add(example, done, begin, end, None)
            elif field[1] in index and field[2] != b"null":
                done = self._add(example, done, begin, end, index[field[1]])
            at = field.end()
        return done

    def _learn_time(self, time: bytes, begin: int) -> int:
        """Its fraction and zone stay the same in length and in text; returns where what varies ends."""
        form = _TIME.fullmatch(time)
        if form is None:
            raise ValueError("its time is of another form")
        self._fraction, self._zone = len(form[1] or b""), form[2].decode()
        return begin + len(time) - len(self._zone)

    def _add(self, example: bytes, done: int, begin: int, end: int, measure: int | None) -> int:
        before = example.count(b'"', 0, begin)
        opening = example.rindex(b'"', 0, begin)
        behind = example.find(b'"', end)
        closing = _Edge(None, end - len(example)) if behind < 0 else _Edge(before, end - behind)
        self._places.append(_Place(example[done:begin], _Edge(before - 1, begin - opening), closing, measure))
        return end

    # -- read -------------------------------------------------------------------------------------------------------

    def read(self, text: Joined, rows: Ints, directory: Directory) -> Found:
        """Read those of these records that have the form.

        Args:
            text: all records.
            rows: which of them to look at, ascending. (m,)
            directory: the ids that are known.
        """
        rows = rows[text.quotes[rows] == self.quotes]
        rows, begins, ends = self._of_this_form(text, rows)
        sensor = directory.numbers(text, begins[self._sensor], ends[self._sensor] - begins[self._sensor])
        at_ms, ok = self._times(text, begins[self._time])
        ok &= sensor >= 0
        values = []
        for place, begin, end in zip(self._places, begins, ends, strict=True):
            if place.measure is not None:
                value, is_number = numbers(text, begin, end)
                low, high = self._bounds[place.measure]
                ok &= is_number & (value >= low) & (value <= high)
                values.append((place.measure, value))
        if ok.all():
            return Found(rows, sensor, at_ms, values)
        return Found(rows[ok], sensor[ok], at_ms[ok], [(measure, value[ok]) for measure, value in values])

    def _of_this_form(self, text: Joined, rows: Ints) -> tuple[Ints, list[Ints], list[Ints]]:
        """The records that have all the bytes which stay the same, and where their places begin and end."""
        begins = [place.begin.of(text, rows) for place in self._places]
        ends = [place.end.of(text, rows) for place in self._places]
        gaps = [text.start[rows], *ends]
        fits = text.end[rows] - gaps[-1] == len(self._after)
        for place, begin, end, gap in zip(self._places, begins, ends, gaps, strict=False):
            fits &= (begin - gap == len(place.before)) & (end >= begin)
        time = self._time
        fits &= ends[time] - begins[time] == _MINUTE + len(":00") + self._fraction
        if not fits.all():
            rows, begins, ends, gaps = rows[fits], _of(begins, fits), _of(ends, fits), _of(gaps, fits)
        same = text.same(gaps[-1], self._after)
        for place, gap in zip(self._places, gaps, strict=False):
            same &= text.same(gap, place.before)
        if not same.all():
            rows, begins, ends = rows[same], _of(begins, same), _of(ends, same)
        return rows, begins, ends

    def _times(self, text: Joined, begin: Ints) -> tuple[Ints, Bools]:
        """The instant that begins at each place, epoch ms, and whether it is one. (n,)"""
        minute = self._minutes_of(text.words[begin], text.words[begin + WORD])
        seconds = _bytes(text.words[begin + _MINUTE])
        digits = seconds - np.uint8(ord("0"))
        second = digits[:, 1] * np.int64(10) + digits[:, 2]
        ok = (minute >= 0) & (seconds[:, 0] == ord(":")) & (digits[:, 1] <= 9) & (digits[:, 2] <= 9) & (second < 60)
        ms = second * 1000
        if self._fraction:
            ok &= seconds[:, 3] == ord(".")
            if self._fraction > 5:
                digits = np.hstack((digits, _bytes(text.words[begin + _MINUTE + WORD]) - np.uint8(ord("0"))))
            for place in range(4, 3 + self._fraction):
                ok &= digits[:, place] <= 9
            for place, worth in zip(range(4, 3 + min(self._fraction, 4)), (100, 10, 1), strict=False):
                ms += digits[:, place] * np.int64(worth)
        return minute + ms, ok

    def _minutes_of(self, high: Words, low: Words) -> Ints:
        """The instant of each minute, epoch ms; -1 where it is none. (n,)"""
        found: Ints = np.full(len(high), -1)
        left = np.arange(len(high))
        for _ in range(_FEW_MINUTES):
            if not len(left):
                return found
            first = int(high[left[0]]), int(low[left[0]])
            same = (high[left] == first[0]) & (low[left] == first[1])
            found[left[same]] = self._known([first])
            left = left[~same]
        each, which = np.unique(np.stack((high[left], low[left]), axis=1), axis=0, return_inverse=True)
        found[left] = self._known([(one[0], one[1]) for one in each.tolist()])[which]
        return found

    def _known(self, minutes: list[tuple[int, int]]) -> Ints:
        """The instants of these minutes, those that are new read together. (n,)"""
        if len(self._minutes) >= _KEPT_MINUTES:
            self._minutes.clear()
        new = [minute for minute in minutes if minute not in self._minutes]
        if new:
            words = (high.to_bytes(WORD, "little") + low.to_bytes(WORD, "little") for high, low in new)
            ms, ok = parse_instants([said.decode("latin-1") + ":00" + self._zone for said in words])
            self._minutes.update(zip(new, np.where(ok, ms, -1).tolist(), strict=True))
        return np.array([self._minutes[minute] for minute in minutes], np.int64)


def _of(columns: list[Ints], some: Bools) -> list[Ints]:
    return [column[some] for column in columns]


def _bytes(words: Words) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The characters of each word. (n, 8)"""
    return words.view(np.uint8).reshape(len(words), WORD)
