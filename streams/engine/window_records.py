"""Window rows → the JSON that stands in `windows.*`.

Numbers are rendered column by column, and what never changes of a series is rendered once.
"""

from __future__ import annotations

from itertools import repeat
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from streams.contract.times import format_ms
from streams.contract.topics import windows_topic
from streams.engine.instants import Ints
from streams.engine.outputs import Outputs
from streams.engine.panes import MICRO, Rows
from streams.engine.timeline import Timeline

_NUMBERS: Final = orjson.OPT_SERIALIZE_NUMPY


class WindowRecords:
    """Renders the windows of one timeline."""

    def __init__(self, timeline: Timeline, partition: int) -> None:
        self._timeline, self._partition = timeline, partition
        self._topic = windows_topic(timeline.roster.domain)
        self._keys: list[bytes] = []
        """By series."""
        self._heads: dict[int, list[bytes]] = {}
        """By length in s and series: the fields that stay the same."""

    def render(self, out: Outputs, window_s: int, rows: Rows, *, final: bool, revision: Ints | None) -> None:
        """Add a record per row, in the order of the rows; `revision` of None is 0 for all."""
        heads = self._heads_of(window_s)
        series = rows.series.tolist()
        start, end = format_ms(rows.start_ms).encode(), format_ms(rows.start_ms + window_s * 1000).encode()
        total = rows.total / MICRO
        columns = (
            [heads[number] for number in series],
            repeat(b'"start":"' + start + b'","end":"' + end + b'","count":'),
            _texts(rows.n),
            repeat(b',"sum":'),
            _texts(total),
            repeat(b',"mean":'),
            _texts(total / rows.n),
            repeat(b',"min":'),
            _texts(rows.low / MICRO),
            repeat(b',"max":'),
            _texts(rows.high / MICRO),
            repeat(b',"last":'),
            _texts(rows.last / MICRO),
            repeat(b',"final":true,"revision":' if final else b',"final":false,"revision":'),
            repeat(b"0") if revision is None else _texts(revision),
            repeat(b"}"),
        )
        keys = self._keys
        out.extend(
            self._topic,
            self._partition,
            [keys[number] for number in series],
            list(map(b"".join, zip(*columns, strict=False))),  # the heads are as many as the rows
        )

    def _heads_of(self, window_s: int) -> list[bytes]:
        """The heads of all series that there are, made where they are missing."""
        heads, t = self._heads.setdefault(window_s, []), self._timeline
        for number in range(len(heads), t.series.used):
            sensor = t.roster.sensors[int(t.series.sensor[number])]
            fixed = {} if t.exercise is None else {"exercise": t.exercise}
            fixed |= {"sensor_id": sensor.sensor_id, "zone": sensor.zone}
            fixed |= {"measure": t.roster.measures[int(t.series.measure[number])]}
            heads.append(orjson.dumps({**fixed, "window_s": window_s})[:-1] + b",")
            if number == len(self._keys):
                self._keys.append(sensor.sensor_id.encode())
        return heads


def _texts(column: npt.NDArray[Any]) -> list[bytes]:
    return orjson.dumps(np.ascontiguousarray(column), option=_NUMBERS)[1:-1].split(b",")
