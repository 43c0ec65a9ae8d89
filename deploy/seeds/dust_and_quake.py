"""The records of the scenario `dust-and-quake`: the earthquake of 15 November 2017, then the yellow dust of 29 March 2021.

    python -m deploy.seeds.dust_and_quake [--seeds DIR]

An exercise has one clock and it goes forward: so the earlier event comes first, with its aftershocks of the next days and
months as reports alone. The recording's own clock leaps over what lies between; every time inside is the true one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from deploy.seeds.curves import KST, Course, instants, offset, wobble
from deploy.seeds.quake_bulletins import AFTERSHOCKS, MAIN_SHOCK, QUAKE_DAY
from deploy.seeds.recording import Recording, readings_of, write_by_command
from streams import registry
from streams.contract.sensors import Sensor

QUAKE: Final = datetime(2017, 11, 15, tzinfo=KST)
SHAKING_FROM, SHAKING_TO = QUAKE + offset("14:21"), QUAKE + offset("17:10")

# The greatest acceleration (Gal) of the minute that ends then, for M5.4, 3.6, 2.5, 3.5 and 4.3; by distance from the epicentre.
SHOCKS: Final = ("14:30", "14:33", "14:46", "15:10", "16:50")
PGA_GAL: Final = {
    "seismic-heunghae": (290.0, 18.0, 2.0, 14.0, 62.0),
    "seismic-handong": (225.0, 12.0, 1.5, 9.0, 45.0),
    "seismic-cheongha": (105.0, 3.0, 0.5, 2.5, 14.0),
    "seismic-medical-center": (98.0, 5.0, 0.6, 3.5, 18.0),
    "seismic-pohang": (95.0, 4.0, 0.6, 3.0, 16.0),
    "seismic-city-hall": (86.0, 3.5, 0.5, 2.8, 15.0),
    "seismic-postech": (72.0, 3.0, 0.4, 2.2, 12.0),
    "seismic-posco-works": (64.0, 2.5, 0.4, 2.0, 10.0),
}
QUIET_GAL: Final = 0.2

DUST: Final = datetime(2021, 3, 29, tzinfo=KST)
DUST_FROM, DUST_TO = DUST + offset("05:00"), DUST + offset("45:00")

# Hourly means of PM10 (µg/m³) by the hour's end; over 24 are later days.
PM10: Final = {
    "05:00": 68, "06:00": 92, "07:00": 164, "08:00": 258, "09:00": 352, "10:00": 486, "11:00": 612, "12:00": 668,
    "13:00": 590, "14:00": 498, "15:00": 421, "16:00": 356, "17:00": 302, "18:00": 248, "19:00": 211, "20:00": 183,
    "21:00": 166, "22:00": 151, "23:00": 138, "24:00": 128, "25:00": 121, "26:00": 117, "27:00": 114, "28:00": 112,
    "29:00": 110, "30:00": 109, "31:00": 108, "32:00": 106, "33:00": 104, "34:00": 99, "35:00": 94, "36:00": 88, "37:00": 80,
    "38:00": 73, "39:00": 67, "40:00": 62, "41:00": 58, "42:00": 55, "43:00": 52, "44:00": 50, "45:00": 48,
}  # fmt: skip
SHARE: Final = {
    "air-3gongdan": 1.06, "air-cheongnim": 1.0, "air-daedo": 0.98, "air-daesong": 1.03, "air-jangheung": 1.01,
    "air-jangnyang": 0.93, "air-jecheol": 1.04, "air-ocheon": 1.02, "air-songdo": 0.97, "air-yangdeok": 0.92,
    "air-yeonil": 0.99,
}  # fmt: skip
"""How much of the city's dust a station has."""
PUBLISHED_AFTER: Final = timedelta(minutes=16)
POLLED_AGAIN_S: Final = 900.0


def build(seeds: Path, out: Path) -> int:
    """Write the scenario's records; returns how many there are."""
    sensors = registry.load(seeds).sensors
    recording = Recording()
    _quake(recording, sensors)
    for day, reports in AFTERSHOCKS.items():
        midnight = datetime.fromisoformat(day).replace(tzinfo=KST)
        recording.leap(midnight + offset(reports[0]["issued_at"]))
        recording.announcements(midnight, reports)
    recording.leap(DUST_FROM)
    _dust(recording, sensors)
    return recording.write(out)


def _quake(recording: Recording, sensors: dict[str, Sensor]) -> None:
    recording.announcements(QUAKE, QUAKE_DAY)
    recording.announcements(QUAKE, [MAIN_SHOCK], delivered_after=timedelta(seconds=45))
    for name, shocks in PGA_GAL.items():
        greatest = {QUAKE + offset(time): gal for time, gal in zip(SHOCKS, shocks, strict=True)}
        for at in instants(SHAKING_FROM, SHAKING_TO, sensors[name].interval_s):
            gal = greatest.get(at, QUIET_GAL + wobble(name, at, QUIET_GAL / 2))
            values = {"pga_gal": round(gal, 1)}
            arrived_at = at + timedelta(seconds=2)
            recording.reading(sensors[name], at, values, arrived_at=arrived_at, period_s=sensors[name].interval_s)
    shock = QUAKE + offset(SHOCKS[0])
    recording.again(readings_of("seismic-city-hall", shock, shock + timedelta(seconds=1)), after_s=3)


def _dust(recording: Recording, sensors: dict[str, Sensor]) -> None:
    recording.announcements(DUST, YELLOW_DUST)
    for name, share in SHARE.items():
        sensor = sensors[name]
        for at in instants(DUST_FROM, DUST_TO, sensor.interval_s):
            recording.reading(sensor, at, _air(name, at, share), arrived_at=at + PUBLISHED_AFTER)
    recording.change(readings_of("air-jangheung", _dust_at("14:00"), _dust_at("15:01")), quality="maintenance")
    recording.delay(readings_of("air-yeonil", _dust_at("18:00"), _dust_at("22:01")), _dust_at("22:40"))
    recording.again(readings_of("air-daedo", _dust_at("10:00"), _dust_at("13:01")), POLLED_AGAIN_S)
    _confirmed_later(recording, sensors["air-cheongnim"])
    _wrong(recording, sensors["air-ocheon"])


def _dust_at(time: str) -> datetime:
    return DUST + offset(time)


def _air(name: str, at: datetime, share: float) -> dict[str, float]:
    pm10_ugm3 = Course(DUST, PM10).value(at) * share
    return {
        "pm10_ugm3": round(pm10_ugm3),
        "pm25_ugm3": round(10 + 0.07 * pm10_ugm3),  # dust is coarse: the fine part stays below its own threshold
        "o3_ppm": round(0.04 + wobble(name, at, 0.012), 3),
        "no2_ppm": round(0.014 + wobble(name, at, 0.005), 3),
        "co_ppm": round(0.4 + wobble(name, at, 0.1), 1),
        "so2_ppm": round(0.003 + wobble(name, at, 0.001), 3),
    }


def _confirmed_later(recording: Recording, station: Sensor) -> None:
    """An hour's confirmed value, published in the afternoon: its window is final, so it is late."""
    recording.reading(station, _dust_at("08:00"), {"pm10_ugm3": 251.0}, arrived_at=_dust_at("15:40"))


def _wrong(recording: Recording, station: Sensor) -> None:
    """What the feed says in its own way and a careless connector passes on."""
    topic = f"readings.{station.domain}"
    hour = {"sensor_id": station.sensor_id, "observed_at": _dust_at("16:00").isoformat(), "period_s": 3600}
    broken: list[dict[str, Any]] = [
        hour | {"pm10_ugm3": "-"},
        hour | {"observed_at": "2021-03-29T24:00:00+09:00", "pm10_ugm3": 128.0},
        hour | {"sensor_id": "air-unregistered", "pm10_ugm3": 356.0},
    ]
    for minute, value in enumerate(broken):
        recording.value(topic, value, _dust_at("16:20") + timedelta(minutes=minute))


YELLOW_DUST: Final[list[dict[str, Any]]] = [
    {
        "bulletin_id": "kma-yellow-dust-20210329",
        "revision": 0,
        "kind": "weather-warning",
        "hazard": "yellow-dust",
        "issued_at": "09:00",
        "source": "기상청",
        "area": [],
        "level": "warning",
        "texts": {"ko": "포항 황사경보 발효", "en": "yellow-dust warning in force for Pohang"},
    },
    {
        "bulletin_id": "kma-yellow-dust-20210329",
        "revision": 1,
        "kind": "weather-warning",
        "hazard": "yellow-dust",
        "issued_at": "30:00",
        "source": "기상청",
        "area": [],
        "cancelled": True,
        "texts": {"ko": "포항 황사경보 해제", "en": "yellow-dust warning for Pohang lifted"},
    },
]
"""In force from 09:00: imaeil 2021032910041350868. When it was lifted was not found: modelled."""

if __name__ == "__main__":
    write_by_command("dust-and-quake", build)
