"""Where InfluxDB is now: as the settings say, or as a running `up` has written since into `status.json`."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """Address, token and names of one InfluxDB."""

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str
    bucket_exercise: str

    @property
    def is_near(self) -> bool:
        """Whether it is on this machine: then nothing stands between, and compressing costs more than it saves."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


class Where:
    """Knows the InfluxDB to write to; a change of address or token is seen without a restart."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._set = _of_settings(settings)
        self._file = settings.data_dir / "status.json"
        self._written_ns = -1
        self._said: dict[str, Any] = {}

    def now(self) -> Access | None:
        """The InfluxDB as it is now; None while none is known."""
        self._look()
        url = str(self._said.get("url") or "").rstrip("/")
        if not url or (self._set is not None and self._set.url != url):
            return self._set  # the status is of a hub that uses another InfluxDB
        known = self._set or Access(
            url, "", self._settings.influx_org, self._settings.influx_bucket, self._settings.influx_bucket_exercise
        )
        return Access(
            url,
            str(self._said.get("token") or known.token),
            str(self._said.get("org") or known.org),
            str(self._said.get("bucket") or known.bucket),
            str(self._said.get("bucket_exercise") or known.bucket_exercise),
        )

    def _look(self) -> None:
        try:
            written_ns = self._file.stat().st_mtime_ns
            if written_ns != self._written_ns:
                self._said, self._written_ns = _influx_of(self._file), written_ns
        except OSError:
            self._said, self._written_ns = {}, -1


def _influx_of(file: Path) -> dict[str, Any]:
    try:
        status = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    if not isinstance(status, dict) or status.get("state") == "stopped":
        return {}
    influx = status.get("influx")
    return influx if isinstance(influx, dict) else {}


def _of_settings(settings: Settings) -> Access | None:
    if settings.influx_url is None:
        return None
    return Access(
        settings.influx_url.rstrip("/"),
        settings.influx_token.get_secret_value() if settings.influx_token else "",
        settings.influx_org,
        settings.influx_bucket,
        settings.influx_bucket_exercise,
    )
