"""`python -m deploy.influx`: influxd's path, built first where there is none; for the tests and for CI."""

import asyncio
import sys

from deploy.influx import build, find_binary
from streams.errors import HubError


def _told(step: str) -> None:
    print(f"influxdb: {step}", file=sys.stderr)  # noqa: T201 -- a command


try:
    print(find_binary() or asyncio.run(build(_told)))  # noqa: T201 -- a command
except HubError as e:
    sys.exit(f"influxdb: {e}")
