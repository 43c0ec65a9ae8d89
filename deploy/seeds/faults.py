"""What gateways send wrong: each kind of record that the hub refuses, once or twice, so that a scenario holds them all.

How many of which kind a scenario contains stands in its promise, counted by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from deploy.seeds.recording import Recording
from streams.contract.sensors import Sensor
from streams.contract.topics import readings_topic

UNREGISTERED: Final = "rain-unregistered"
"""A gauge that was set up before it was registered."""
NOTE_CHARACTERS: Final = 66_000
"""More than the 64 KiB that a record may have."""


def send_wrong_records(recording: Recording, gauge: Sensor, begin: datetime, step: timedelta) -> None:
    """Send one wrong record after another in a rain gauge's name, `step` apart from `begin` on.

    Two of each kind, but one empty, one too large, and five of a gauge that is not registered.
    """
    topic = readings_topic(gauge.domain)
    at = begin
    for broken in _records(gauge.sensor_id, begin):
        if isinstance(broken, str):
            recording.raw(topic, broken, at)
        else:
            recording.value(topic, broken, at)
        at += step


def _records(sensor_id: str, observed_at: datetime) -> Iterator[dict[str, Any] | str]:
    time = observed_at.isoformat()
    right = {"sensor_id": sensor_id, "observed_at": time, "rainfall_mm": 0.5}
    yield f'{{"sensor_id":"{sensor_id}","observed_at":"{time}","rainf'  # cut off by a lost connection
    yield f"{sensor_id};{time};0.5"  # an old gateway's own format
    yield ""
    yield right | {"note": "0" * NOTE_CHARACTERS}
    yield {"sensor_id": sensor_id, "rainfall_mm": 0.5}
    yield {"observed_at": time, "rainfall_mm": 0.5}
    yield right | {"rainfall_mm": "0.5"}
    yield right | {"rainfall_mm": True}
    yield right | {"rainfall_mm": 6553.5}  # what a counter of 16 bits says when its line is cut
    yield right | {"rainfall_mm": -0.1}
    yield right | {"observed_at": observed_at.replace(tzinfo=None).isoformat()}
    yield right | {"observed_at": "1999-12-31T23:59:59+09:00"}  # a clock that lost its battery
    yield {"sensor_id": sensor_id, "observed_at": time}
    yield {"sensor_id": sensor_id, "observed_at": time, "rainfall_mm": None}
    for minute in range(5):
        later = (observed_at + timedelta(minutes=minute)).isoformat()
        yield {"sensor_id": UNREGISTERED, "observed_at": later, "rainfall_mm": 1.0}
