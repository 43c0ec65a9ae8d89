"""Questions in Flux as a dashboard keeps them; the SDK has no types of its own for InfluxDB's data source.

What the SDK's builders are given needs `build()`, what they keep needs `to_json()`.
"""

from __future__ import annotations

from typing import Any, Final

from grafana_foundation_sdk.models import dashboard as models

INFLUX: Final = models.DataSourceRef(type_val="influxdb", uid="urbanhub-influxdb")


class Flux:
    """A panel's question."""

    def __init__(self, flux: str, ref_id: str = "A") -> None:
        self._flux, self._ref_id = flux, ref_id

    def build(self) -> Flux:
        """Itself: nothing is left to be built."""
        return self

    def to_json(self) -> dict[str, Any]:
        """As it stands in a dashboard."""
        return {"refId": self._ref_id, "datasource": INFLUX, "query": self._flux}


class FluxAnnotations:
    """Annotations in every chart."""

    def __init__(self, name: str, flux: str, colour: str) -> None:
        self._common = models.AnnotationQuery(name=name, datasource=INFLUX, enable=True, icon_color=colour)
        self._question = Flux(flux, "Anno")

    def build(self) -> FluxAnnotations:
        """Itself: nothing is left to be built."""
        return self

    def to_json(self) -> dict[str, Any]:
        """As they stand in a dashboard."""
        return {**self._common.to_json(), "target": self._question}
