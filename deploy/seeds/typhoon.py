"""The records of the scenario `typhoon`: Pohang on 6 September 2022, until the night's rain is twelve hours old.

    python -m deploy.seeds.typhoon [--seeds DIR]

What was published stands in the scenario's file (`seeds/scenarios/typhoon.toml`), with its sources; there it also says
what is modelled. Order: rain → wind → rivers → tide → air → roads → announcements → what goes wrong on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from deploy.seeds.curves import KST, Course, instants, offset, wobble
from deploy.seeds.faults import send_wrong_records
from deploy.seeds.recording import Line, Recording, readings_of, write_by_command
from deploy.seeds.typhoon_bulletins import ANNOUNCEMENTS
from deploy.seeds.typhoon_rain import minutes_of_rain
from streams import registry
from streams.contract.sensors import Sensor

DAY: Final = datetime(2022, 9, 6, tzinfo=KST)
END: Final = DAY + timedelta(hours=18, minutes=30)
MINUTE: Final = timedelta(minutes=1)

# Greatest gust of the minute, m/s.
GUSTS_COAST: Final = {
    "00:00": 15.0, "01:00": 18.0, "02:30": 24.0, "04:00": 30.0, "05:40": 36.0, "06:40": 34.0, "07:30": 27.0,
    "08:30": 20.0, "09:30": 15.0, "10:30": 12.0, "12:00": 10.0, "15:00": 8.0, "18:00": 6.0,
}  # fmt: skip
GUSTS_CITY: Final = {
    "00:00": 9.0, "02:00": 12.0, "04:00": 18.0, "05:30": 24.0, "06:40": 23.0, "07:30": 18.0, "09:00": 11.0, "12:00": 8.0,
    "18:00": 5.0,
}  # fmt: skip
MEAN_OF_GUST: Final = 0.58
GUST_WOBBLE_MS: Final = 1.2
WIND: Final = {
    name: (points, share)
    for points, share, names in (
        (GUSTS_COAST, 1.0, ("wind-homigot-light", "wind-guryongpo-port")),
        (GUSTS_COAST, 0.9, ("weather-homigot", "weather-guryongpo")),
        (GUSTS_CITY, 1.0, ("weather-pohang", "wind-yeongilman-port", "wind-posco-works")),
        (GUSTS_CITY, 0.75, ("wind-yeongildae", "wind-hwanho", "weather-donghae", "weather-ocheon")),
        (GUSTS_CITY, 0.5, ("weather-cheongha", "weather-gigye", "weather-jukjang")),
    )
    for name in names
}
"""Whose gusts a station has, and how much of them."""

# Stages in metres.
STREAM: Final = {
    "00:00": 0.15, "02:00": 0.24, "03:00": 0.35, "04:00": 0.55, "04:40": 0.77, "05:00": 0.88, "05:30": 1.02,
    "06:00": 1.13, "06:40": 1.21, "07:30": 1.02, "09:00": 0.63, "10:30": 0.39, "12:00": 0.28, "18:00": 0.19,
}  # fmt: skip
"""A small stream over its banks, as a share of its gauge's level 심각 (serious); the Naengcheon's is full at 1.13."""
QUIET_STREAM: Final = {"00:00": 0.12, "03:00": 0.2, "06:00": 0.36, "08:00": 0.4, "12:00": 0.3, "18:00": 0.22}
STAGES: Final[dict[str, Mapping[str, float]]] = {
    "river-hyeongsan-bridge": {
        "00:00": 0.62, "03:00": 0.95, "05:10": 1.96, "06:00": 2.50, "07:00": 3.02, "08:30": 3.61, "10:00": 3.2,
        "11:00": 2.75, "11:40": 2.38, "12:30": 2.15, "15:00": 1.72, "18:30": 1.4,
    },
    "river-gangdong-bridge": {
        "00:00": 1.9, "03:00": 2.8, "05:10": 4.7, "06:10": 5.71, "06:40": 6.5, "07:20": 7.58, "08:00": 7.92,
        "09:30": 7.2, "10:30": 6.52, "11:00": 6.3, "12:30": 5.6, "15:00": 4.5, "18:30": 3.7,
    },
    "river-oeoji": {"00:00": 8.1, "04:00": 9.2, "06:30": 10.9, "09:00": 10.7, "12:30": 10.3, "18:30": 9.8},
}  # fmt: skip
QUIET_STREAMS: Final = ("river-gigye", "river-gokgang")

TIDE_M: Final = {
    "00:00": 0.31, "03:00": 0.52, "05:45": 0.78, "07:30": 0.42, "10:30": 0.36, "12:30": 0.27, "16:30": 0.18, "18:30": 0.24,
}  # fmt: skip

# Roads: where water stood, from when to when it fell, and when the road was opened again; not found, assumed.
FLOODED: Final = {
    "road-naengcheon-ro": ("05:25", "05:45", "11:35"),
    "road-haebyeong-ro": ("05:40", "06:00", "11:15"),
    "road-donghaean-ro-jecheol": ("05:50", "06:10", "11:05"),
    "road-donghaean-ro-cheongnim": ("05:55", "06:15", "10:25"),
    "road-cheolgang-ro": ("06:00", "06:20", "11:45"),
    "road-songdo-ro": ("05:10", "05:30", "09:15"),
    "road-yeonil-bridge": ("07:00", "07:20", "11:10"),
}
REOPENED_MIN: Final = 20
"""From the first cars behind a cleaning crew to the speed of every other road."""
FLOODED_KMH: Final = 6.0
STORM_SHARE: Final = {
    "00:00": 0.85, "04:00": 0.7, "06:00": 0.55, "08:00": 0.6, "10:00": 0.75, "12:00": 0.85, "16:30": 0.9, "18:00": 0.8,
}  # fmt: skip
"""Speed as a share of free flow on the other roads."""
FLOW_SHARE: Final = {
    "00:00": 0.12, "04:00": 0.04, "06:00": 0.1, "08:00": 0.25, "12:00": 0.35, "16:30": 0.4, "18:00": 0.55,
}  # fmt: skip
LANE_VPH: Final = 1800.0

WITHOUT_POWER: Final = {"wind-posco-works": ("07:00", "09:40"), "road-cheolgang-ro": ("07:00", "10:10")}
"""The steel works lose their power at 07:00: what hangs on it is silent, until a generator is brought (not found, assumed)."""


def build(seeds: Path, out: Path) -> int:
    """Write the scenario's records; returns how many there are."""
    sensors = registry.load(seeds).sensors
    recording = Recording()
    recording.announcements(DAY, ANNOUNCEMENTS)
    rain = minutes_of_rain(sensors, DAY, END)
    for sensor in sensors.values():
        _sensor(recording, sensor, rain.get(sensor.sensor_id, {}))
    _mishaps(recording, sensors)
    return recording.write(out)


def _sensor(recording: Recording, sensor: Sensor, rain: Mapping[datetime, float]) -> None:
    if sensor.kind == "seismic-station":
        return  # the ground is quiet: its stations are of no use here
    for at in instants(DAY + timedelta(seconds=sensor.interval_s), END, sensor.interval_s):
        if not _is_silent(sensor.sensor_id, at):
            values = _values(sensor, at, rain)
            recording.reading(sensor, at, values, arrived_at=at + _on_its_way(sensor))


def _is_silent(name: str, at: datetime) -> bool:
    if name not in WITHOUT_POWER:
        return False
    lost, back = WITHOUT_POWER[name]
    return DAY + offset(lost) < at < DAY + offset(back)


def _on_its_way(sensor: Sensor) -> timedelta:
    """How long a reading is under way: hourly air a quarter of an hour, the rest seconds."""
    if sensor.kind == "air-station":
        return timedelta(minutes=16)
    return timedelta(seconds=2 + sum(sensor.sensor_id.encode()) % 9)


def _values(sensor: Sensor, at: datetime, rain: Mapping[datetime, float]) -> dict[str, float]:
    name = sensor.sensor_id
    if sensor.kind in ("rain-gauge", "weather-station", "wind-station"):
        return ({"rainfall_mm": rain[at]} if rain else {}) | _wind(name, at)
    if sensor.kind == "river-gauge":
        return {"water_level_m": round(_stage(sensor, at), 2)}
    if sensor.kind == "tide-gauge":
        return {"tide_level_m": round(Course(DAY, TIDE_M).value(at) + wobble(name, at, 0.02), 2)}
    if sensor.kind == "road-link":
        return _road(sensor, at)
    return _air(name, at)


def _wind(name: str, at: datetime) -> dict[str, float]:
    if name not in WIND:
        return {}
    points, share = WIND[name]
    gust = Course(DAY, points).value(at) * share + wobble(name, at, GUST_WOBBLE_MS)
    return {"wind_speed_ms": round(gust * MEAN_OF_GUST, 1), "wind_gust_ms": round(gust, 1)}


def _stage(sensor: Sensor, at: datetime) -> float:
    if sensor.sensor_id in STAGES:
        return Course(DAY, STAGES[sensor.sensor_id]).value(at)
    assert sensor.gauge_levels is not None and sensor.gauge_levels.serious is not None
    shape = QUIET_STREAM if sensor.sensor_id in QUIET_STREAMS else STREAM
    return sensor.gauge_levels.serious * Course(DAY, shape).value(at)


def _road(sensor: Sensor, at: datetime) -> dict[str, float]:
    name, free_kmh = sensor.sensor_id, sensor.free_flow_kmh or 50.0
    speed_kmh = free_kmh * Course(DAY, STORM_SHARE).value(at) + wobble(name, at, 0.04 * free_kmh)
    flow_vph = LANE_VPH * Course(DAY, FLOW_SHARE).value(at) * (1 + wobble(name, at, 0.15))
    if name in FLOODED:
        speed_kmh, flow_vph = _flooded(name, at, speed_kmh, flow_vph)
    return {"speed_kmh": round(speed_kmh), "flow_vph": round(flow_vph)}


def _flooded(name: str, at: datetime, speed_kmh: float, flow_vph: float) -> tuple[float, float]:
    rises, standing, opened = FLOODED[name]
    free = {rises: 1.0, standing: 0.0, opened: 0.0, _later(opened, REOPENED_MIN): 1.0}
    share = Course(DAY, free).value(at)
    return FLOODED_KMH + (speed_kmh - FLOODED_KMH) * share, flow_vph * (0.03 + 0.97 * share)


def _later(time: str, minutes: int) -> str:
    total = int(offset(time).total_seconds()) // 60 + minutes
    return f"{total // 60:02}:{total % 60:02}"


def _air(name: str, at: datetime) -> dict[str, float]:
    """Air washed by the rain: nothing of it comes near a threshold."""
    return {
        "pm10_ugm3": round(14 + wobble(name, at, 5)),
        "pm25_ugm3": round(8 + wobble(name, at, 3)),
        "o3_ppm": round(0.024 + wobble(name, at, 0.006), 3),
        "no2_ppm": round(0.009 + wobble(name, at, 0.003), 3),
        "co_ppm": round(0.3 + wobble(name, at, 0.1), 1),
        "so2_ppm": round(0.002 + wobble(name, at, 0.001), 3),
    }


# What goes wrong on its way, on purpose; how often is counted in the promise.
SENT_TWICE: Final = ("rain-jukdo", "02:30", "03:00")
"""A gateway that hears no answer and sends each of these readings again, at once."""
SENT_TOO_LATE: Final = ("rain-jungang", "03:00", "03:06")
"""The same, five minutes later: its windows are final by then."""
SLOW_CLOCK: Final = ("road-jangnyang-ro", "04:00", "04:12")
"""A link whose second controller sends, three minutes late, values of minutes that have been told already."""
LOST_DATE: Final = ("rain-jungang", timedelta(days=-2))
MAINTAINED: Final = ("rain-songna", "01:00", "02:00")
"""A gauge whose bucket is being tested: 20 mm a minute that never fell."""
DOUBTED: Final = ("tide-yeongilman", "05:30", "06:00")
CUT_OFF: Final = (("rain-haedo", "03:20", "03:50", "03:51"), ("river-segye", "04:40", "05:25", "05:25"))
"""Gateways without a line: sensor, first and last reading held back, when they are sent."""
WRONG_FROM: Final = offset("01:30")


def _mishaps(recording: Recording, sensors: dict[str, Sensor]) -> None:
    recording.change(_chosen(*MAINTAINED), rainfall_mm=20.0, quality="maintenance")
    recording.change(_chosen(*DOUBTED), quality="suspect")
    for name, begin, end, back in CUT_OFF:
        recording.delay(_chosen(name, begin, end), DAY + offset(back) + timedelta(seconds=12))
    recording.again(_chosen(*SENT_TWICE), after_s=6)
    recording.again(_chosen(*SENT_TOO_LATE), after_s=300)
    _slow_controller(recording, sensors[SLOW_CLOCK[0]])
    _lost_date(recording, sensors[LOST_DATE[0]])
    send_wrong_records(recording, sensors["rain-ocheon"], DAY + WRONG_FROM, MINUTE)


def _chosen(name: str, begin: str, end: str) -> Callable[[Line], bool]:
    return readings_of(name, DAY + offset(begin), DAY + offset(end))


def _slow_controller(recording: Recording, link: Sensor) -> None:
    _, begin, end = SLOW_CLOCK
    for at in instants(DAY + offset(begin), DAY + offset(end) - MINUTE, 60):
        observed = at + MINUTE / 2
        recording.reading(link, observed, {"speed_kmh": 31.0}, arrived_at=observed + 3 * MINUTE)


def _lost_date(recording: Recording, gauge: Sensor) -> None:
    at = DAY + offset("05:00:30")
    recording.reading(gauge, at + LOST_DATE[1], {"rainfall_mm": 0.5}, arrived_at=at)


if __name__ == "__main__":
    write_by_command("typhoon", build)
