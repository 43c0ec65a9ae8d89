"""The zones stage of one zone, told by hand what partitions of readings tell."""

from __future__ import annotations

import json
from typing import Any

from streams.contract.rules import Rule
from streams.contract.times import format_ms
from streams.contract.topics import ALERT_EVENTS
from streams.engine.event_partitions import ONE
from streams.engine.outputs import Outputs
from streams.engine.zone_rules import zone_rules
from streams.engine.zones_stage import ZonesStage
from tests.support.timeline import ZONES, Raw, ms, roster_of, sensor
from tests.support.zone_city import level, zone_rule

GAUGES = [sensor(f"gauge-{i}", kind="rain-gauge") for i in range(4)]
SLOW = sensor("gauge-slow", kind="rain-gauge", delay_s=150)
WETTEST = zone_rule(
    "wettest",
    "disaster",
    {"measure": "rainfall_mm", "window_s": 60, "aggregate": "sum", "zone": {"judge": "max"}},
    level("advisory", {"at_least": 5}, {"below": 2}),
)


class Zone:
    """One zone's stage, told by hand. Times are of the day; what arrives later than all before comes to its turn."""

    def __init__(self, *rules: dict[str, Any], partitions: int = 2, sensors: list[Any] | None = None) -> None:
        self.roster = roster_of(sensors or GAUGES)
        self.rules = {"disaster": zone_rules([Rule.model_validate(rule) for rule in rules or (WETTEST,)], self.roster)}
        self.partitions = partitions
        self.stage = ZonesStage(self.rules, ZONES, 0, ONE)
        self.offset = 0

    def tells(self, partition: int, at: str, **said: Any) -> list[str]:
        """A partition tells something; the alerts' transitions that came of it."""
        told = {
            "topic": "readings.disaster",
            "partition": partition,
            "partitions": self.partitions,
            "arrived_at": format_ms(ms(at)),
            **said,
        }
        self.stage.step([Raw(self.offset, 0, json.dumps(told).encode())])
        self.offset += 1
        return self.alerts()

    def passes(self, partition: int, watermark: str | None, at: str, **more: Any) -> list[str]:
        """A partition tells its watermark; the alerts' transitions that came of it."""
        return self.tells(partition, at, watermark=watermark and format_ms(ms(watermark)), **more)

    def pane(self, partition: int, start: str, at: str, values: dict[str, float], **more: Any) -> list[str]:
        """A partition tells its gauges' minute."""
        panes = {
            "zone": "ocheon-eup",
            "measure": "rainfall_mm",
            "window_s": 60,
            "start": format_ms(ms(start)),
            "sensors": [
                {"sensor_id": s, "count": 1} | dict.fromkeys(("sum", "min", "max", "last"), round(v * 1_000_000))
                for s, v in values.items()
            ],
        }
        final = format_ms(ms(start) + 60_000)
        return self.tells(partition, at, **{"watermark": final, "panes": panes, **more})

    def events(self) -> list[dict[str, Any]]:
        """Events sent since the last call."""
        out, self.stage.out = self.stage.out, Outputs()
        return [json.loads(r.value or b"") for (t, _), rs in out.records.items() if t == ALERT_EVENTS for r in rs]

    def alerts(self) -> list[str]:
        """Their transitions with value and sensors."""
        return [
            f"{e['transition']} {e['value']:g} {','.join(s.removeprefix('gauge-') for s in e['alert']['sensors'])}"
            for e in self.events()
        ]

    def changed(self, *rules: dict[str, Any], sensors: list[Any] | None = None) -> None:
        """From the next restart on other rules or sensors hold."""
        roster = roster_of(GAUGES if sensors is None else sensors)
        self.rules = {"disaster": zone_rules([Rule.model_validate(rule) for rule in rules], roster)}

    def restart(self, kept: bytes | None = None) -> None:
        """The stage goes on from a snapshot in another worker; from its own, unless told otherwise."""
        kept = self.stage.snapshot() if kept is None else kept
        self.stage = ZonesStage(self.rules, ZONES, 0, ONE)
        self.stage.restore(kept)

    @property
    def counts(self) -> dict[str, int]:
        return {outcome: n for (_, outcome), n in self.stage.counts.items()}


def both_begun() -> Zone:
    zone = Zone()
    zone.passes(0, "10:00", "10:01")
    zone.passes(1, "10:00", "10:01:00.500")
    return zone
