"""The registry as arrays: what the readings stage must know of each sensor of one domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streams.contract.alerts import Bilingual
from streams.contract.derived import derived_of
from streams.contract.readings import MEASURES_OF, Domain
from streams.contract.sensors import City, DomainSettings, Sensor
from streams.contract.windows import MOBILE_ZONE
from streams.engine.directory import Directory
from streams.engine.instants import Ints


@dataclass(frozen=True, slots=True)
class Roster:
    """Sensors of one domain by number, in the order of their ids."""

    domain: Domain
    measures: tuple[str, ...]
    """Those that readings have, then those derived from them."""
    sensors: list[Sensor]
    index: dict[str, int]
    """Sensor id → number."""
    directory: Directory
    """The same for ids as they stand in records."""
    home: Ints
    """The partition that owns each sensor (standard murmur2 of its id). (sensors,)"""
    delay_ms: Ints
    owner: Ints
    """Number of each sensor's owner in `owners`. (sensors,)"""
    owners: list[str]
    zone_names: dict[str, Bilingual]
    timing: DomainSettings

    def area_of(self, sensor_id: str) -> list[str]:
        """The zone where a sensor stands; none of one that moves about, or is not there."""
        number = self.index.get(sensor_id)
        zone = MOBILE_ZONE if number is None else self.sensors[number].zone
        return [] if zone == MOBILE_ZONE else [zone]


def roster(
    domain: Domain,
    sensors: list[Sensor],
    city: City,
    zone_names: dict[str, Bilingual],
    home_of: Callable[[str], int],
) -> Roster:
    """The roster of a domain.

    Args:
        domain: which one.
        sensors: its sensors.
        city: for the domain's grace, idle and future bounds.
        zone_names: names of zones by id.
        home_of: the partition that owns a sensor id.
    """
    ordered = sorted((s for s in sensors if s.domain == domain), key=lambda s: s.sensor_id)
    owners = sorted({s.owner for s in ordered})
    return Roster(
        domain=domain,
        measures=(*MEASURES_OF[domain], *derived_of(domain)),
        sensors=ordered,
        index={s.sensor_id: i for i, s in enumerate(ordered)},
        directory=Directory([s.sensor_id for s in ordered]),
        home=np.array([home_of(s.sensor_id) for s in ordered], np.int64),
        delay_ms=np.array([round(s.delay_s * 1000) for s in ordered], np.int64),
        owner=np.array([owners.index(s.owner) for s in ordered], np.int64),
        owners=owners,
        zone_names=zone_names,
        timing=city.domains.get(domain, DomainSettings()),
    )
