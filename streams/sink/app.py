"""The sink as a process."""

from __future__ import annotations

import asyncio
import signal

from streams import metrics
from streams.logs import get
from streams.settings import Settings
from streams.sink.consumer import Sink

log = get("streams.sink.app")


async def run(settings: Settings) -> None:
    """Store windows and alert states in InfluxDB until SIGTERM or SIGINT; then what was read is stored first.

    Raises:
        Unavailable: Kafka does not answer.
        Occupied: the port of the metrics is taken.
    """
    sink = Sink(settings)
    port = metrics.serve(settings.metrics_host, settings.metrics_port, sink.not_ready)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, sink.end)
    log.info("sink_started", kafka=settings.bootstrap, metrics=f"http://{settings.metrics_host}:{port}/metrics")
    await sink.run()
    log.info("sink_stopped")
