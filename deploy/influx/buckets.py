"""`python -m deploy.influx.buckets`: sees that both buckets are in the InfluxDB of the settings; for containers."""

import asyncio
import sys

from deploy.influx.access import InfluxAccess, ensure_buckets
from streams.errors import HubError, WrongSetting
from streams.settings import load


def main() -> None:
    """Make the buckets that are missing; a second time changes nothing."""
    try:
        access = InfluxAccess.of_settings(load())
        if access is None:
            raise WrongSetting("no InfluxDB is set", field="INFLUX_URL", fix="Set it and INFLUX_TOKEN")
        asyncio.run(ensure_buckets(access))
    except HubError as e:
        print(f"urbanhub: {e}", file=sys.stderr)  # noqa: T201 -- a command
        sys.exit(e.exit_code)


if __name__ == "__main__":
    main()
