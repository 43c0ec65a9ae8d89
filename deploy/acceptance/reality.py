"""Real readings beside the exercise: sent by a plain producer, found in the bucket of reality.

They say who sent them (`source`), and their values are of no level of any rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer

from deploy.acceptance import flux
from deploy.acceptance.sheet import Row, Sheet
from deploy.influx import InfluxAccess
from streams import kafka
from streams.clock import Clock
from streams.contract.readings import MEASURES, READINGS, Domain, Measure
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.times import format_ms
from streams.contract.topics import readings_topic
from streams.engine.rules import threshold_of
from streams.registry import Registry
from streams.settings import Settings

SOURCE: Final = "urbanhub up --check"
MINUTE_MS: Final = 60_000
STORED_S: Final = 60.0
"""A window is in InfluxDB some seconds after its first reading arrived; this is for a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One real reading."""

    sensor: Sensor
    measure: str
    value: float


class Reality:
    """The rows of real readings.

    Args:
        sheet: where they stand.
        registry: of its sensors, one of each domain is spoken for.
        rules: whose levels the values must not reach.
    """

    def __init__(self, sheet: Sheet, registry: Registry, rules: list[Rule]) -> None:
        self._probes: list[tuple[Row, Probe]] = []
        self._sent_ms = 0
        for domain in READINGS:
            sensors = registry.of_domain(domain)
            if sensors:
                probe = _probe(sensors[0], domain, rules)
                what = f"a real reading of {probe.sensor.sensor_id}, in the bucket of reality"
                self._probes.append((sheet.open(what, f"{probe.measure} {probe.value:g}"), probe))

    async def send(self, settings: Settings, clock: Clock) -> None:
        """Send one reading of each domain, as a gateway does that knows nothing but the contract.

        Raises:
            Unavailable: no broker answers.
        """
        self._sent_ms = clock.now_ms()
        options = kafka.client_options(settings, "urbanhub-check-gateway")
        producer = AIOKafkaProducer(**options, acks="all")
        await kafka.start(producer, settings)
        try:
            for _, probe in self._probes:
                sensor = probe.sensor
                reading = {
                    "sensor_id": sensor.sensor_id,
                    "observed_at": format_ms(self._sent_ms),
                    "source": SOURCE,
                    probe.measure: probe.value,
                }
                await producer.send_and_wait(
                    readings_topic(sensor.domain), orjson.dumps(reading), key=sensor.sensor_id.encode()
                )
        finally:
            await producer.stop()

    async def settle(self, access: InfluxAccess) -> None:
        """Look for each in InfluxDB until it is there."""
        start_ms = self._sent_ms - self._sent_ms % MINUTE_MS
        for row, probe in self._probes:
            asked = flux.query(
                access.bucket,
                start_ms,
                start_ms + MINUTE_MS,
                _measurement=probe.sensor.domain.replace("-", "_"),
                sensor_id=probe.sensor.sensor_id,
                window="60",
                zone=probe.sensor.zone,
            )

            def is_there(points: flux.Points, row: Row = row, probe: Probe = probe) -> bool:
                last = points.get(start_ms, {}).get(f"{probe.measure}_last")
                row.settle("nothing" if last is None else f"{probe.measure} {last:g}", passed=last == probe.value)
                return row.passed

            why = await flux.points_once(access, asked, is_there, STORED_S)
            if why:
                row.settle(why, passed=False)


def _probe(sensor: Sensor, domain: Domain, rules: list[Rule]) -> Probe:
    measure = MEASURES[domain, sensor.measures[0]]
    return Probe(sensor, measure.name, calm_value(measure, sensor, rules))


def calm_value(measure: Measure, sensor: Sensor, rules: list[Rule]) -> float:
    """A value of which no rule takes notice, in the measure's unit."""
    low, high = max(measure.low, 0.0), measure.high
    for rule in rules:
        if rule.when is None or rule.domain != measure.domain or rule.when.measure != measure.name:
            continue
        if rule.when.aggregate in ("rise", "range"):
            continue  # one value alone rises by nothing, and says nothing of a range
        for threshold in (threshold_of(one, rule.when, sensor) for one in rule.levels):
            if threshold is not None and rule.when.direction == "below":
                low = max(low, threshold.reach)
            elif threshold is not None:
                high = min(high, threshold.reach)
    # A tenth of the way up: sums of several readings stay below the lowest threshold too.
    return round(low + (high - low) / 10, 3)
