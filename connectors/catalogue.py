"""The table of live sources: one row each."""

from __future__ import annotations

from typing import Final

from connectors.frame.connector import Connector
from connectors.usgs import Usgs

CATALOGUE: Final[dict[str, type[Connector]]] = {connector.name: connector for connector in (Usgs,)}
