"""Every engine by name, the hub first."""

from __future__ import annotations

from typing import Final

from tests.benchmarks.engines.engine import Engine
from tests.benchmarks.engines.faust_table import FaustTable
from tests.benchmarks.engines.hub import Hub
from tests.benchmarks.engines.java import FLINK, KSTREAMS, JavaPeer

ENGINES: Final[dict[str, Engine]] = {
    engine.name: engine for engine in (Hub(), JavaPeer(KSTREAMS), JavaPeer(FLINK), FaustTable())
}
