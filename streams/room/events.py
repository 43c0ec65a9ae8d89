"""Server-Sent Events: what the room tells its browsers, and in which order.

A frame is rendered once for all browsers of a view and put into each one's bounded queue; one that doesn't empty its
queue is dropped and may come back, so a slow browser slows nobody. A frame's id is a position in the log: all that
stands before it was told in this frame or earlier.

    alert, bulletin   at once
    values            what changed, and what open alerts' rules make of it, at most twice a second
    status            every two seconds and when a zone, an exercise or InfluxDB changed
    reset             the position can't be continued, or the rules have changed: fetch the city and the whole picture
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from streams.clock import Clock
from streams.contract.alerts import Bilingual
from streams.contract.times import format_ms
from streams.contract.topics import WINDOW_TOPICS
from streams.metrics import ROOM_CLIENTS, ROOM_DROPPED
from streams.registry import Registry
from streams.room import picture
from streams.room.city import Change, City
from streams.room.judged import judged
from streams.room.position import Position, read, written
from streams.room.view import SeriesKey, View

TICK_S: Final = 0.5
STATUS_TICKS: Final = 4
QUEUED_FRAMES: Final = 128
"""About 40 s of a busy city; frames are shared, so a queue costs references only."""
MOST_LISTENERS: Final = 512
RESET: Final = b"event: reset\ndata: {}\n\n"
RETRY: Final = b"retry: 2000\n\n"
END: Final = b""
"""Queued after the last frame of a stream that ends in good order."""


@dataclass(eq=False, slots=True)
class Listener:
    """One browser's open stream."""

    exercise: str | None
    frames: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUED_FRAMES))
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    """It read too slowly."""

    def offer(self, frame: bytes) -> bool:
        """Queue a frame; False where the queue is full."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True


class Events:
    """All open streams.

    Args:
        city: what is known.
        registry: sensors and zones.
        names: scenarios' names.
        clock: what time it is.
        services: how InfluxDB and the log do, as it stands in `status`.
    """

    def __init__(
        self,
        city: City,
        registry: Registry,
        names: Mapping[str, Bilingual],
        clock: Clock,
        services: Callable[[], dict[str, Any]],
    ) -> None:
        self._city, self._registry, self._names, self._clock = city, registry, names, clock
        self._services = services
        self._listeners: set[Listener] = set()
        self._told_windows: dict[tuple[str, int], int] = {}
        self._told_status: dict[str | None, bytes] = {}
        self._ticks = 0
        self._reset_ms = 0

    @property
    def is_full(self) -> bool:
        """Whether no further browser is taken."""
        return len(self._listeners) >= MOST_LISTENERS

    def join(self, exercise: str | None, last_id: str | None) -> Listener:
        """A new stream of a view that is known; it begins with what was missed since `last_id`.

        Raises:
            KeyError: no such view.
        """
        view = self._city.views[exercise]
        if not self._told_windows:
            self._mark_told()
        listener = Listener(exercise)
        listener.offer(RETRY)
        if last_id is not None:
            for frame in self._missed(view, last_id):
                if not listener.offer(frame):
                    listener = Listener(exercise)  # more than a queue holds: begin anew instead
                    listener.offer(RETRY + RESET)
                    break
        listener.offer(self._status(view))
        self._listeners.add(listener)
        ROOM_CLIENTS.set(len(self._listeners))
        return listener

    def leave(self, listener: Listener) -> None:
        """A stream has ended."""
        self._listeners.discard(listener)
        ROOM_CLIENTS.set(len(self._listeners))

    def tell(self, change: Change) -> None:
        """An alert or a bulletin, at once."""
        if any(each.exercise == change.view.exercise for each in self._listeners):
            self._send(change.view.exercise, self._frame(change.kind, change.text, self._told()))

    def reset(self) -> None:
        """The log was replaced, or the rules have changed: every browser has to begin anew."""
        self._reset_ms = self._clock.now_ms()  # of who is cut off now and comes back as well
        self._end({each.exercise for each in self._listeners}, RESET)
        self._told_status.clear()
        self._told_windows.clear()

    def close(self) -> None:
        """End every stream in good order."""
        self._end({each.exercise for each in self._listeners})

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Tell values that changed, and the status when it is due or has changed."""
        watched = {each.exercise for each in self._listeners}
        self._mark_told()
        for view in self._city.views.values():
            if view.touched and view.exercise in watched:
                self._send(view.exercise, self._values(view, view.touched, self._told()))
            view.touched.clear()
        due = self._ticks % STATUS_TICKS == 0
        self._ticks += 1
        for exercise in watched:
            view_now = self._city.views.get(exercise)
            if view_now is None:
                self._end({exercise}, RESET)
                continue
            before = self._told_status.get(exercise)
            frame = self._status(view_now)
            if due or self._told_status[exercise] != before:
                self._send(exercise, frame)

    def _missed(self, view: View, last_id: str) -> Iterable[bytes]:
        position = read(self._city.log, last_id)
        if position is None or position.issued_ms < self._reset_ms:
            return [RESET]
        missed = self._city.since(view, position)
        if missed is None:
            return [RESET]
        # Without ids: a stream that breaks before the last of them comes back with the position it came with.
        frames = [self._frame(change.kind, change.text, None) for change in missed.changes]
        if missed.series:
            frames.append(self._values(view, missed.series, None))
        return frames

    def _values(self, view: View, keys: Collection[SeriesKey], position: Position | None) -> bytes:
        clock_ms = view.clock_ms(self._clock.now_ms())
        told = {
            "clock": None if clock_ms is None else format_ms(clock_ms),
            **picture.values(view, keys),
            "judged": judged(self._city.watched, view, keys),
        }
        return self._frame("values", orjson.dumps(told), position)

    def _status(self, view: View) -> bytes:
        now = picture.status(self._city, self._registry, self._names, view, self._clock.now_ms()) | self._services()
        self._told_status[view.exercise] = _without_times(now)
        return self._frame("status", orjson.dumps(now), self._told())

    def _mark_told(self) -> None:
        self._told_windows = {key: at for key, at in self._city.applied.items() if key[0] in WINDOW_TOPICS}

    def _told(self) -> Position:
        """Every alert and bulletin that was applied, and the windows up to the last tick: later ones wait to be told."""
        applied = self._city.position(self._clock.now_ms())
        return Position(applied.issued_ms, {**applied.offsets, **self._told_windows})

    def _frame(self, event: str, data: bytes, position: Position | None) -> bytes:
        identity = b"" if position is None else b"id: " + written(self._city.log, position).encode() + b"\n"
        return b"%bevent: %b\ndata: %b\n\n" % (identity, event.encode(), data)

    def _send(self, exercise: str | None, frame: bytes) -> None:
        for listener in list(self._listeners):
            if listener.exercise == exercise:
                self._offer(listener, frame)

    def _end(self, exercises: Iterable[str | None], *last: bytes) -> None:
        for listener in [each for each in self._listeners if each.exercise in exercises]:
            for frame in (*last, END):
                self._offer(listener, frame)
            self.leave(listener)

    def _offer(self, listener: Listener, frame: bytes) -> None:
        if not listener.offer(frame):
            ROOM_DROPPED.inc()
            listener.dropped.set()
            self.leave(listener)


def _without_times(status: Mapping[str, Any]) -> bytes:
    """What must be told at once when it changes."""
    return orjson.dumps(
        [
            status["zones"],
            [(each["exercise"], each["running"]) for each in status["exercises"]],
            [(row["fresh"], row["stale"], row["absent"]) for row in status["sources"]],
            status["influx"],
            status["kafka"],
        ]
    )
