"""What gateways, institutions and officers send, by the seed: order and disorder, poison, exercises, revisions, acts."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import ALERTS, BULLETINS, COMMANDS
from streams.kafka import partition_of
from tests.simulation.city import PARTITIONS, SENSORS
from tests.simulation.cluster import Cluster, Place

STEPS: Final[dict[str, tuple[float, ...]]] = {
    "rainfall_mm": (0, 0.5, 2, 5, 10),
    "water_level_m": (0.5, 0.9, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5),
    "discharge_m3s": (10, 20.5, 30),
    "wind_gust_ms": (10, 18.5, 20, 26, 27.5),
    "wind_speed_ms": (3, 7.25),
    "temperature_c": (-3.5, 20.1, 31),
    "pm10_ugm3": (40, 99.5, 100, 150, 300, 350),
    "pm25_ugm3": (10, 75),
    "speed_kmh": (3, 5, 10.5, 20, 30.5, 50),
}
"""Around the thresholds of the city's rules; neighbours follow each other."""
DOMAIN: Final = {sensor_id: domain for sensor_id, domain, *_ in SENSORS}
MEASURES: Final = {sensor_id: measures for sensor_id, _, _, _, measures, *_ in SENSORS}
EXERCISES_BEGIN_MS: Final = parse_ms("2022-09-05T20:00:00Z")
POISON: Final = (
    b"{",
    b"",
    None,
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"sensor_id":"rain-1"}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-05T15:00:00"}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-05T15:00:00Z"}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-05T15:00:00Z","rainfall_mm":"1"}',
    b'{"sensor_id":"river-1","observed_at":"2022-09-05T15:00:00Z","water_level_m":1e9}',
    b'{"sensor_id":"a/b","observed_at":"2022-09-05T15:00:00Z","rainfall_mm":1}',
    b'{"sensor_id":"rain-1","observed_at":"1999-12-31T23:59:59Z","rainfall_mm":1}',
)
BAD_COMMANDS: Final = {
    b"{": "malformed",
    b"": "empty",
    b'{"command_id":"c","alert_id":"a:b","kind":"silence","by":"kim"}': "missing_field",
    b'{"command_id":"c","alert_id":"a:b","by":"kim"}': "missing_field",
}


LEAP_MS: Final = 2 * 86_400_000
"""A partition may have dropped an exercise that it did not hear of for `SILENT_MS`: what begins anew there is of later days,
since nobody can tell a window of the former from one of the same time."""
SILENT_MS: Final = 590_000


@dataclass
class _Exercise:
    name: str
    at_ms: int
    levels: dict[tuple[str, str], int] = field(default_factory=dict)
    heard_ms: dict[Place, int] = field(default_factory=dict)
    """When it last spoke in each partition."""
    leaps: int = 0


def _home(sensor_id: str) -> Place:
    return Place(f"readings.{DOMAIN.get(sensor_id, 'disaster')}", partition_of(sensor_id.encode(), PARTITIONS))


class Feed:
    """Sends to the cluster while it is not away.

    Args:
        rng: what is sent.
        cluster: to where.
    """

    def __init__(self, rng: random.Random, cluster: Cluster) -> None:
        self._rng, self._cluster = rng, cluster
        self._levels: dict[tuple[str, str], int] = {}
        self._sent: list[tuple[Place, bytes | None, _Exercise | None, int]] = []
        """With the exercise and its leaps until then."""
        self._exercises: list[_Exercise] = []
        self._named = 0
        self._bulletins: dict[str, dict[str, Any]] = {}
        self._commands: list[bytes] = []
        self._is_crowded = rng.random() < 0.15
        self._strays = 0
        kinds: dict[Callable[[], None], float] = {
            self._live: 12,
            self._exercise: rng.choice((0, 4, 12)),
            self._hole: rng.choice((0, 1)),
            self._again: rng.choice((0, 1, 4)),
            self._odd: rng.choice((0, 2)),
            self._poison: rng.choice((0, 1)),
            self._astray: rng.choice((0, 1)),
            self._announce: rng.choice((0, 1)),
            self._act: rng.choice((0, 2)),
            self._crowd: 1 if self._is_crowded else 0,
        }
        self._kinds, self._weights = list(kinds), list(kinds.values())
        self._pause_s = rng.choice((0.3, 0.6, 1.5))

    async def busy(self, seconds: float) -> None:
        """A time in which something happens all the while."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while loop.time() < until_s:
            await asyncio.sleep(self._rng.expovariate(1 / self._pause_s))
            if not self._cluster.is_away:
                for _ in range(self._rng.choice((1, 1, 1, 2, 6))):
                    self._rng.choices(self._kinds, self._weights)[0]()

    async def quiet(self, seconds: float) -> None:
        """A time in which little happens."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while loop.time() < until_s:
            await asyncio.sleep(min(self._rng.expovariate(8 / seconds), until_s - loop.time()))
            if self._rng.random() < 0.7:
                self._rng.choices(self._kinds, self._weights)[0]()

    # -- readings ---------------------------------------------------------------------------------------------------

    def _values(self, sensor_id: str, levels: dict[tuple[str, str], int]) -> dict[str, float]:
        found = {}
        for measure in MEASURES[sensor_id]:
            if len(MEASURES[sensor_id]) > 1 and self._rng.random() < 0.3:
                continue
            steps = STEPS[measure]
            key = sensor_id, measure
            levels[key] = min(max(levels.get(key, 0) + self._rng.choice((-1, 0, 1, 1)), 0), len(steps) - 1)
            if self._rng.random() < 0.08:
                levels[key] = 0
            found[measure] = steps[levels[key]]
        return found or {MEASURES[sensor_id][0]: STEPS[MEASURES[sensor_id][0]][0]}

    def _reading(self, sensor_id: str, at_ms: int, exercise: _Exercise | None = None, **more: Any) -> dict[str, Any]:
        levels = self._levels if exercise is None else exercise.levels
        said = {"sensor_id": sensor_id, "observed_at": format_ms(at_ms), **self._values(sensor_id, levels), **more}
        return said if exercise is None else said | {"exercise": exercise.name}

    def _send(self, said: dict[str, Any], partition: int | None = None, exercise: _Exercise | None = None) -> None:
        sensor_id = said["sensor_id"]
        home = _home(sensor_id)
        place = home if partition is None else home._replace(partition=partition)
        self._put(place, sensor_id.encode(), json.dumps(said).encode(), exercise)

    def _put(self, place: Place, key: bytes | None, value: bytes | None, exercise: _Exercise | None = None) -> None:
        self._cluster.append(place, [(key, value, ())])
        self._sent.append((place, value, exercise, exercise.leaps if exercise else 0))

    def _some_sensor(self) -> str:
        return self._rng.choice(SENSORS)[0]

    def _live(self) -> None:
        self._send(self._reading(self._some_sensor(), self._cluster.now_ms() - self._rng.randint(0, 4000)))

    def _hole(self) -> None:
        """A gateway empties its spool."""
        sensor_id, at_ms = self._some_sensor(), self._cluster.now_ms() - self._rng.randint(30_000, 5_000_000)
        for _ in range(self._rng.randint(1, 6)):
            self._send(self._reading(sensor_id, at_ms))
            at_ms += self._rng.choice((5_000, 20_000, 60_000))

    def _again(self) -> None:
        """A repeat, as a gateway sends that had no answer."""
        if self._sent:
            place, value, exercise, leaps = self._rng.choice(self._sent[-40:])
            if exercise is None:
                self._put(place, None, value)
            elif not self._leaps_in(place, exercise) and exercise.leaps == leaps:
                self._put(place, None, value, exercise)

    def _odd(self) -> None:
        """Ahead of its time, far too old, of doubtful quality, a mean over a period, of nobody, with unknown fields."""
        now_ms, sensor_id = self._cluster.now_ms(), self._some_sensor()
        kind = self._rng.randrange(6)
        if kind == 0:
            self._send(self._reading(sensor_id, now_ms + self._rng.choice((15_000, 29_000, 31_000, 61_000, 10**9))))
        elif kind == 1:
            self._send(self._reading(sensor_id, now_ms - self._rng.choice((86_390_000, 86_410_000))))
        elif kind == 2:
            quality = self._rng.choice(("suspect", "maintenance", "estimated"))
            self._send(self._reading(sensor_id, now_ms - 500, quality=quality))
        elif kind == 3:
            self._send(self._reading(sensor_id, now_ms - now_ms % 60_000, period_s=60))
        elif kind == 4:
            self._send({"sensor_id": "nobody", "observed_at": format_ms(now_ms), "rainfall_mm": 1, "tide_level_m": 1})
        else:
            self._send(self._reading(sensor_id, now_ms, colour="blue"))

    def _poison(self) -> None:
        topic = self._rng.choice(("readings.disaster", "readings.air-quality", "readings.traffic"))
        self._put(Place(topic, self._rng.randrange(PARTITIONS)), b"poison", self._rng.choice(POISON))

    def _astray(self) -> None:
        """Into another partition than its sensor's."""
        sensor_id = self._some_sensor()
        away = (partition_of(sensor_id.encode(), PARTITIONS) + 1) % PARTITIONS
        if self._rng.random() < 0.3:  # of an exercise of its own: it may be passed on when any other is dropped
            self._strays += 1
            exercise = _Exercise(f"stray-{self._strays}", EXERCISES_BEGIN_MS)
            self._send(self._reading(sensor_id, exercise.at_ms, exercise), away)
            self._sent.pop()
        else:
            self._send(self._reading(sensor_id, self._cluster.now_ms() - self._rng.randint(0, 20_000)), away)

    def _exercise(self) -> None:
        if not self._exercises or (len(self._exercises) < 3 and self._rng.random() < 0.05):
            self._begin_exercise()
        exercise = self._rng.choice(self._exercises[-3:])
        exercise.at_ms += self._rng.choice((0, 1_000, 10_000, 45_000, 130_000, 600_000))
        self._speak(exercise, self._some_sensor(), self._rng.choice((0, 0, 0, 0, 5_000, 40_000, 4_000_000)))

    def _begin_exercise(self) -> None:
        self._named += 1
        name = f"storm-{self._named}"
        self._exercises.append(_Exercise(name, EXERCISES_BEGIN_MS + self._rng.randint(0, 3_600_000)))

    def _crowd(self) -> None:
        """More exercises than a partition holds."""
        if self._named < 11:
            self._begin_exercise()
        exercise = self._rng.choice(self._exercises)
        exercise.at_ms += 30_000
        self._speak(exercise, self._some_sensor(), 0)

    def _speak(self, exercise: _Exercise, sensor_id: str, behind_ms: int) -> None:
        home = _home(sensor_id)
        if self._leaps_in(home, exercise):
            exercise.at_ms, exercise.leaps, exercise.heard_ms = exercise.at_ms + LEAP_MS, exercise.leaps + 1, {}
        exercise.heard_ms[home] = self._cluster.now_ms()
        self._send(self._reading(sensor_id, exercise.at_ms - behind_ms, exercise), exercise=exercise)

    def _leaps_in(self, place: Place, exercise: _Exercise) -> bool:
        """Whether the partition may have dropped the exercise meanwhile."""
        heard_ms = exercise.heard_ms.get(place)
        return heard_ms is not None and self._cluster.now_ms() - heard_ms > SILENT_MS

    # -- announcements and acts -------------------------------------------------------------------------------------

    def _announce(self) -> None:
        now = format_ms(self._cluster.now_ms())
        if self._bulletins and self._rng.random() < 0.5:
            said = dict(self._rng.choice(list(self._bulletins.values())))
            if self._rng.random() < 0.6:
                said |= {"revision": said["revision"] + self._rng.choice((0, 1, 1, 2)), "issued_at": now}
                said["cancelled"] = self._rng.random() < 0.2
        else:
            name = f"b-{len(self._bulletins) + 1}"
            said = {"bulletin_id": name, "revision": 0, "issued_at": now, "occurred_at": now}
            said |= {"source": "KMA", "texts": {"ko": "알림", "en": "Notice"}}
            said["kind"] = self._rng.choice(("earthquake", "flood-notice"))
            if self._bulletins and self._rng.random() < 0.3:
                said["supersedes"] = self._rng.choice(list(self._bulletins))
        if said["kind"] == "earthquake":
            said["magnitude"] = self._rng.choice((2.0, 3.5, 4.1, 5.5, 6.0))
        else:
            said["level"] = self._rng.choice(("advisory", "warning"))
        self._bulletins[said["bulletin_id"]] = said
        value = json.dumps(said).encode() if self._rng.random() < 0.95 else b'{"bulletin_id":"x"}'
        self._put(Place(BULLETINS, 0), said["bulletin_id"].encode(), value)

    def _act(self) -> None:
        """An officer's act on an alert that can be seen, once more one that was sent, or what nobody takes."""
        alert_ids = [
            json.loads(record.value)["alert_id"]
            for p in range(PARTITIONS)
            for record in self._cluster.logs[Place(ALERTS, p)].committed()[-10:]
        ]
        if self._commands and self._rng.random() < 0.15:
            self._command(self._rng.choice(self._commands))
        elif self._rng.random() < 0.1:
            self._command(self._rng.choice(list(BAD_COMMANDS)))
        else:
            known = alert_ids and self._rng.random() < 0.9
            said = {"command_id": f"c-{len(self._commands)}", "by": self._rng.choice(("kim", "lee"))}
            said["alert_id"] = self._rng.choice(alert_ids) if known else "no-rule:nobody:20220905T150000Z"
            said["kind"] = self._rng.choice(("acknowledge", "comment", "silence", "close", "close"))
            if said["kind"] == "silence":
                said["until"] = format_ms(self._cluster.now_ms() + 3_600_000)
            self._command(json.dumps(said).encode())

    def _command(self, value: bytes) -> None:
        if value not in BAD_COMMANDS:
            self._commands.append(value)
        key = json.loads(value)["alert_id"].encode() if value not in BAD_COMMANDS else b"?"
        self._cluster.append(Place(COMMANDS, partition_of(key, PARTITIONS)), [(key, value, ())])
