"""Every metric of the hub, declared once; and the server of `/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Enum, Gauge, Histogram, generate_latest

from streams.errors import Occupied

RECEIVED: Final = Counter(
    "urbanhub_received_values",
    "Values received; an unreadable record is one, a forwarded one is received again in its own partition.",
    ["domain"],
)
VALUES: Final = Counter("urbanhub_values", "Values by what became of them.", ["domain", "outcome", "source"])
"""outcome: windowed, duplicate, late, set_aside, forwarded, rejected, which come to what was received; source: the
sensor's owner in the registry."""
REJECTED: Final = Counter("urbanhub_rejected_records", "Records refused, by reason.", ["topic", "reason"])
ZONE_WINDOWS: Final = Counter(
    "urbanhub_zone_windows", "Sensors' windows told to the zones stage, by what became of them.", ["domain", "outcome"]
)
"""outcome: taken, zone_late (its zone's window had closed), repeated, unawaited (room ran out before all were heard)."""
UNKNOWN_FIELDS: Final = Counter(
    "urbanhub_unknown_fields", "Fields that the contract does not know, ignored.", ["topic"]
)
BATCH_RECORDS: Final = Histogram(
    "urbanhub_batch_records",
    "Records in one fetched chunk.",
    ["stage"],
    buckets=(1, 10, 100, 500, 1000, 2500, 5000, 10_000, 25_000),
)
LAG: Final = Gauge("urbanhub_lag_records", "Records not yet applied.", ["stage", "topic", "partition"])
WATERMARK: Final = Gauge(
    "urbanhub_watermark_seconds", "Event time reached, epoch seconds, of reality.", ["topic", "partition"]
)
TRANSACTION_S: Final = Histogram(
    "urbanhub_transaction_seconds",
    "Time to commit one transaction.",
    ["stage"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
CHECKPOINT_BYTES: Final = Gauge(
    "urbanhub_checkpoint_bytes", "Size of the last checkpoint.", ["stage", "topic", "partition"]
)
RESTORE_S: Final = Gauge(
    "urbanhub_restore_seconds", "Time that the last restore took.", ["stage", "topic", "partition"]
)
RULE_CHANGES: Final = Counter("urbanhub_rule_changes", "Changed rule files, by what became of them.", ["outcome"])
"""outcome: taken_up, refused."""
RULES_OLDER: Final = Gauge(
    "urbanhub_rules_older", "1 while the rule files as they stand are refused and those before them judge on."
)
ALERT_STATES: Final = Counter("urbanhub_alert_states", "Alert states published.", ["rule", "transition"])
ALERT_LATENCY_S: Final = Histogram(
    "urbanhub_arrival_to_alert_seconds",
    "From the arrival of the record that completed a condition to the alert's commit.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30),
)
SINK_POINTS: Final = Counter("urbanhub_sink_points", "Points stored in InfluxDB.", ["bucket"])
SINK_RETRIES: Final = Counter("urbanhub_sink_retries", "Writes that InfluxDB did not take at once, by why.", ["why"])
SINK_REFUSED: Final = Counter(
    "urbanhub_sink_refused_points", "Points that InfluxDB refused for good; they are in readings.rejected."
)
ROOM_CLIENTS: Final = Gauge("urbanhub_room_clients", "Browsers that listen now.")
ROOM_DROPPED: Final = Counter("urbanhub_room_dropped_clients", "Browsers dropped because they read too slowly.")
PUBLISHED: Final = Counter("urbanhub_published_records", "Records that a connector published.", ["connector", "topic"])
PUBLISH_REFUSED: Final = Counter(
    "urbanhub_publish_refused_records", "Records that the broker will never take, left out.", ["connector", "topic"]
)
PUBLISH_FAILURES: Final = Counter("urbanhub_publish_failures", "Sends that failed and were tried again.", ["connector"])
POLLS: Final = Counter("urbanhub_polls", "A source was asked, by what came of it.", ["connector", "outcome"])
"""outcome: new, unchanged, unreachable, slow, status, too_large, wrong_content, fault."""
SKIPPED: Final = Counter("urbanhub_skipped_items", "What a source sent and nobody could read.", ["connector"])
SOURCE_HEALTH: Final = Enum(
    "urbanhub_source_health", "How a source is.", ["connector"], states=["starting", "ok", "degraded", "down"]
)
SOURCE_HEARD: Final = Gauge(
    "urbanhub_source_heard_seconds", "Last good answer of a source, epoch seconds.", ["connector"]
)

Ready = Callable[[], str | None]
"""Says why a process is not ready, or None when it is."""


TOGETHER: Final = threading.Lock()
"""Held while numbers that must agree are brought up to date, so that nobody reads one before and one after."""


def rendered() -> tuple[bytes, str]:
    """This process's metrics, and their content type."""
    with TOGETHER:
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


def serve(host: str, port: int, ready: Ready, says: Callable[[], str] = lambda: "ready") -> int:
    """Serve `/metrics`, `/healthz` and `/readyz` from a thread of its own; returns the port.

    Args:
        host: where it listens.
        port: 0 = a free one.
        ready: why the process is not ready, or None.
        says: what `/readyz` says while it is.

    Raises:
        Occupied: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, kind = 404, b"not found\n", "text/plain; charset=utf-8"
            if self.path == "/metrics":
                status, (body, kind) = 200, rendered()
            elif self.path == "/healthz":
                status, body = 200, b"alive\n"
            elif self.path == "/readyz":
                why = ready()
                status, body = (200, f"{says()}\n".encode()) if why is None else (503, f"{why}\n".encode())
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            """A scrape every few seconds is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as e:
        raise Occupied(
            "the port is taken",
            field="URBANHUB_METRICS_PORT",
            value=port,
            fix="Choose another, or 0 for a free one",
        ) from e
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_address[1])
