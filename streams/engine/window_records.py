"""Window rows → the JSON that stands in `windows.*`.

Numbers are rendered column by column, and what never changes of a series is rendered once.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from streams.contract.times import format_ms
from streams.contract.topics import windows_topic
from streams.engine.instants import Ints
from streams.engine.outputs import Out, Outputs
from streams.engine.panes import MICRO, Rows
from streams.engine.timeline import Timeline

_NUMBERS: Final = orjson.OPT_SERIALIZE_NUMPY


class WindowRecords:
    """Renders the windows of one timeline."""

    def __init__(self, timeline: Timeline, partition: int) -> None:
        self._timeline, self._partition = timeline, partition
        self._topic = windows_topic(timeline.roster.domain)
        self._heads: dict[tuple[int, int], tuple[bytes, bytes]] = {}

    def render(self, out: Outputs, window_s: int, rows: Rows, *, final: bool, revision: Ints | None) -> None:
        """Add a record per row, in the order of the rows; `revision` of None is 0 for all."""
        start, end = format_ms(rows.start_ms).encode(), format_ms(rows.start_ms + window_s * 1000).encode()
        form = (
            b'%b"start":"' + start + b'","end":"' + end + b'","count":%b,"sum":%b,"mean":%b,"min":%b,"max":%b,"last":%b'
        )
        form += b',"final":true' if final else b',"final":false'
        form += b',"revision":0}' if revision is None else b',"revision":%b}'
        total = rows.total / MICRO
        columns: list[npt.NDArray[Any]] = [
            rows.n,
            total,
            total / rows.n,
            rows.low / MICRO,
            rows.high / MICRO,
            rows.last / MICRO,
        ]
        if revision is not None:
            columns.append(revision)
        texts = zip(*map(_texts, columns), strict=True)
        records = []
        for series, numbers in zip(rows.series.tolist(), texts, strict=True):
            key, head = self._head(series, window_s)
            records.append(Out(key, form % (head, *numbers)))
        out.extend(self._topic, self._partition, records)

    def _head(self, series: int, window_s: int) -> tuple[bytes, bytes]:
        found = self._heads.get((series, window_s))
        if found is None:
            t = self._timeline
            sensor = t.roster.sensors[int(t.series.sensor[series])]
            fixed = {} if t.exercise is None else {"exercise": t.exercise}
            fixed |= {"sensor_id": sensor.sensor_id, "zone": sensor.zone}
            fixed |= {"measure": t.roster.measures[int(t.series.measure[series])]}
            head = orjson.dumps({**fixed, "window_s": window_s})[:-1] + b","
            found = self._heads[series, window_s] = sensor.sensor_id.encode(), head
        return found


def _texts(column: npt.NDArray[Any]) -> list[bytes]:
    return orjson.dumps(np.ascontiguousarray(column), option=_NUMBERS)[1:-1].split(b",")
