"""Writes what the worker would write, so that the room has a picture to show: windows, alerts, announcements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.clock import SYSTEM_CLOCK
from streams.contract.alerts import LEVEL_NAMES, LEVEL_RANKS, Bilingual, Level
from streams.contract.sensors import Sensor
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS, BULLETINS, COMMANDS
from streams.kafka import partition_of
from streams.registry import Registry, load

SEEDS: Final = Path(__file__).parents[2] / "seeds"
MINUTE_MS: Final = 60_000
EXERCISE: Final = "typhoon-20220905T150000Z"
EXERCISE_CLOCK_MS: Final = 1_662_409_800_000  # 2022-09-06 05:30 KST
TEXTS: Final[dict[Level, Bilingual]] = {
    "attention": Bilingual(ko="하천 수위가 관심 단계입니다", en="The stage has reached attention"),
    "serious": Bilingual(ko="하천이 곧 넘칩니다. 지금 대피하세요", en="The river is about to overflow. Evacuate now"),
}


class PictureWriter:
    """Writes records of the city's own sensors.

    Args:
        bootstrap: the broker.
        seeds: the city.
    """

    def __init__(self, bootstrap: str, seeds: Path = SEEDS) -> None:
        self._bootstrap = bootstrap
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
        self.registry: Registry = load(seeds)
        self._onsets: dict[tuple[str, str | None], int] = {}

    @property
    def gauge(self) -> Sensor:
        """A river gauge with all four levels."""
        return next(
            s for s in self.registry.sensors.values() if s.gauge_levels and s.gauge_levels.serious and not s.modelled
        )

    def gauges(self, kind: str = "rain-gauge") -> list[Sensor]:
        """The sensors of a kind."""
        return [each for each in self.registry.sensors.values() if each.kind == kind]

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def write(self, topic: str, key: str, value: dict[str, Any]) -> None:
        """One record, where the hub's own writers put it."""
        partition = None if topic == BULLETINS else partition_of(key.encode(), 4)
        await self._producer.send_and_wait(topic, json.dumps(value).encode(), key=key.encode(), partition=partition)

    async def readings(self, sensor: Sensor, values: list[float], **more: Any) -> None:
        """A minute's window of the sensor's measure, its first unless told, for each value, the last one now."""
        end_ms = more.pop("end_ms", SYSTEM_CLOCK.now_ms() // MINUTE_MS * MINUTE_MS)
        for age, value in enumerate(reversed(values)):
            start_ms = end_ms - age * MINUTE_MS
            numbers = dict.fromkeys(("sum", "mean", "min", "max", "last"), value)
            measure = more.get("measure", sensor.measures[0])
            window = {"sensor_id": sensor.sensor_id, "zone": sensor.zone, "measure": measure}
            times = {"window_s": 60, "start": format_ms(start_ms), "end": format_ms(start_ms + MINUTE_MS)}
            await self.write(
                f"windows.{sensor.domain}",
                sensor.sensor_id,
                {**window, **times, "count": 1, **numbers, "final": True, "revision": 0, **more},
            )

    async def alert(self, sequence: int = 1, level: Level | None = "serious", **more: Any) -> str:
        """A state of the river rule's alert on `gauge`; returns its id."""
        gauge = self.gauge
        levels = gauge.gauge_levels
        exercise: str | None = more.get("exercise")
        name = more.pop("name", "river-level")
        since_ms: int = more.pop("onset_ms", SYSTEM_CLOCK.now_ms() // MINUTE_MS * MINUTE_MS - 4 * MINUTE_MS)
        onset_ms = self._onsets.setdefault((name, exercise), since_ms)
        alert_id = f"{name}:{gauge.sensor_id}:{onset_ms}" + (f":{exercise}" if exercise else "")
        threshold = levels.of(level) if levels and level else None
        text = TEXTS.get(level or "attention", TEXTS["attention"]).model_dump()
        state = {
            "alert_id": alert_id,
            "status": "exercise" if exercise else "actual",
            "rule_id": "river-level",
            "domain": gauge.domain,
            "scope": {"sensor_id": gauge.sensor_id},
            "zone": gauge.zone,
            "measure": "water_level_m",
            "value": None if threshold is None else threshold + 0.06,
            "threshold": threshold,
            "window_s": None,
            "level": level,
            "level_rank": LEVEL_RANKS[level] if level else None,
            "level_name": LEVEL_NAMES[level].model_dump() if level else None,
            "severity": "Extreme",
            "urgency": "Immediate",
            "certainty": "Observed",
            "state": "active" if level else "cleared",
            "sequence": sequence,
            "headline": text,
            "instruction": {"ko": "지하공간 출입을 막으십시오", "en": "Close the underground spaces"},
            "condition_since": format_ms(onset_ms),
            "onset": format_ms(onset_ms),
            "updated_at": format_ms(onset_ms + sequence),
            "cleared_at": None if level else format_ms(onset_ms + sequence),
            "sensors": [gauge.sensor_id],
            "area": [],
            "source": "낙동강홍수통제소",
            **more,
        }
        await self.write(ALERTS, alert_id, state)
        return alert_id

    async def rain_alert(self, sensor: Sensor, sequence: int = 1, level: Level = "warning", **more: Any) -> str:
        """A state of the 3 h rain rule's alert on a gauge, raised at 90.5 mm; returns its id."""
        of = {"rule_id": "heavy-rain-3h", "scope": {"sensor_id": sensor.sensor_id}, "zone": sensor.zone}
        rain = {"measure": "rainfall_mm", "value": 90.5, "threshold": 90.0, "window_s": 10_800}
        text = Bilingual(ko="3시간 90.5 mm의 비", en="90.5 mm of rain in 3 h").model_dump()
        told = {"sensors": [sensor.sensor_id], "headline": text, "source": "기상청"}
        return await self.alert(sequence, level, name=f"rain-{sensor.sensor_id}", **{**of, **rain, **told, **more})

    async def bulletin(self, bulletin_id: str, ko: str, en: str, **more: Any) -> None:
        """An announcement of the flood control office."""
        issued = format_ms(more.pop("issued_ms", SYSTEM_CLOCK.now_ms()))
        said = {
            "kind": "flood-notice",
            "issued_at": issued,
            "source": "낙동강홍수통제소",
            "texts": {"ko": ko, "en": en},
        }
        await self.write(BULLETINS, bulletin_id, {"bulletin_id": bulletin_id, "revision": 0, **said, **more})

    async def storm(self, *, exercise: str | None = None, end_ms: int | None = None) -> str:
        """A gauge that rises beyond its worst level, every other sensor quiet; returns the alert's id."""
        now_ms = SYSTEM_CLOCK.now_ms() // MINUTE_MS * MINUTE_MS if end_ms is None else end_ms
        gauge = self.gauge
        top = gauge.gauge_levels.serious if gauge.gauge_levels and gauge.gauge_levels.serious else 1.0
        for sensor in self.registry.sensors.values():
            if sensor != gauge:
                await self.readings(sensor, [self._quiet(sensor)], exercise=exercise, end_ms=now_ms)
        rise = [round(top * (0.4 + 0.62 * step / 90), 2) for step in range(91)]
        await self.readings(gauge, rise, exercise=exercise, end_ms=now_ms)
        return await self.alert(exercise=exercise, onset_ms=now_ms - 4 * MINUTE_MS)

    async def calm(self) -> None:
        """Every sensor has just spoken, and quietly."""
        for sensor in self.registry.sensors.values():
            await self.readings(sensor, [self._quiet(sensor)])

    @staticmethod
    def _quiet(sensor: Sensor) -> float:
        if sensor.kind == "road-link":
            return round((sensor.free_flow_kmh or 60.0) * 0.9, 1)
        return {"air-station": 14.0, "river-gauge": 0.3, "wind-station": 4.0}.get(sensor.kind, 0.0)

    async def command(self, alert_id: str) -> dict[str, Any]:
        """The next act on this alert that the room wrote to the log."""
        partition = TopicPartition(COMMANDS, partition_of(alert_id.encode(), 4))
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            while True:
                record = await consumer.getone()
                if record.key == alert_id.encode():
                    said: dict[str, Any] = json.loads(record.value)
                    return said
        finally:
            await consumer.stop()
