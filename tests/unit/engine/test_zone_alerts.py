"""What an alert on a zone says: its scope, its sensors, its value and its words."""

from __future__ import annotations

import json
from typing import Any

from streams.contract.times import format_ms
from tests.support.timeline import Raw, ms
from tests.support.zone_city import MEAN, SHARE
from tests.support.zone_told import Zone


def said_by(zone: Zone, at: str) -> dict[str, Any]:
    """The event that comes when the only partition has been read to this."""
    told = {"topic": "readings.disaster", "partition": 0, "partitions": 1, "arrived_at": format_ms(ms(at))}
    zone.stage.step([Raw(zone.offset, 0, json.dumps(told).encode())])
    zone.offset += 1
    (event,) = zone.events()
    return event


def judged(zone: Zone, values: dict[str, float]) -> dict[str, Any]:
    """The event that comes of these gauges' minute."""
    zone.passes(0, "10:00", "10:01")
    zone.pane(0, "10:00", "10:02", values)
    zone.passes(0, "10:01", "10:02")
    return said_by(zone, "10:03")


def test_an_alert_on_a_zone_names_the_zone_and_the_sensors_that_had_a_window() -> None:
    event = judged(Zone(partitions=1), {"gauge-2": 6, "gauge-0": 1})
    alert = event["alert"]
    assert event["alert_id"] == alert["alert_id"] == "wettest:ocheon-eup:20220906T100100Z"
    assert event["origin"] == "rule:wettest"
    assert alert["scope"] == {"zone": "ocheon-eup"}
    assert (alert["zone"], alert["area"]) == ("ocheon-eup", ["ocheon-eup"])
    assert alert["sensors"] == ["gauge-0", "gauge-2"]
    assert (alert["measure"], alert["value"], alert["threshold"], alert["window_s"]) == ("rainfall_mm", 6, 5, 60)
    assert alert["headline"] == {"ko": "오천읍 6.0mm 주의보", "en": "Ocheon-eup at 6.0 mm: Advisory"}
    assert event["arrived_at"] == "2022-09-06T10:02:00.000Z"


def test_a_share_is_told_in_percent_under_its_own_name() -> None:
    alert = judged(Zone(SHARE, partitions=1), {"gauge-0": 5, "gauge-1": 4.9, "gauge-2": 12})["alert"]
    assert (alert["measure"], alert["threshold"]) == ("share_pct", 50)
    assert alert["value"] == 200 / 3
    assert alert["headline"]["en"] == "Ocheon-eup at 67 %: Advisory"


def test_a_mean_is_of_the_sensors_whatever_their_order_and_rounded_once() -> None:
    values = {"gauge-0": 0.1, "gauge-1": 12.7, "gauge-2": 0.2, "gauge-3": 0.3}
    alert = judged(Zone(MEAN, partitions=1), values)["alert"]
    assert alert["value"] == 13.3 / 4
    assert judged(Zone(MEAN, partitions=1), dict(reversed(values.items())))["alert"] == alert


def test_the_end_of_a_zones_alert_is_headed_by_the_zone() -> None:
    zone = Zone(partitions=1)
    judged(zone, {"gauge-0": 6})
    zone.pane(0, "10:01", "10:03", {"gauge-0": 0})
    zone.tells(0, "10:03", watermark=format_ms(ms("10:02")))
    event = said_by(zone, "10:04")
    assert event["transition"] == "cleared"
    assert event["alert"]["headline"] == {"ko": "오천읍: 구역 규칙 해제", "en": "Ocheon-eup: Zone rule ended"}
