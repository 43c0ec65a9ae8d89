"""Where InfluxDB is and how it does: what the supervisor writes of it, else the settings and a question to it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import httpx2

from streams.contract.alerts import Bilingual
from streams.settings import Settings

State = Literal["ready", "building", "away", "none"]
ASKED_EVERY_S: Final = 3.0
ANSWER_S: Final = 2.0
AWAY: Final = Bilingual(
    ko="InfluxDB가 응답하지 않습니다. 최근 몇 시간의 기록만 보입니다.",
    en="InfluxDB does not answer. Only the last hours are shown.",
)
NONE: Final = Bilingual(
    ko="InfluxDB가 설정되지 않았습니다. 최근 몇 시간의 기록만 보입니다.",
    en="No InfluxDB is set. Only the last hours are shown.",
)


@dataclass(frozen=True, slots=True)
class Access:
    """Address, token and names of one InfluxDB."""

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str
    bucket_exercise: str


class Influx:
    """The InfluxDB that history is read from, as it is now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.data_dir / "status.json"
        self._written_ns = -1
        self._said: dict[str, Any] | None = None
        self._client = httpx2.AsyncClient(timeout=ANSWER_S)
        self.access: Access | None = _of_settings(settings)
        self.state: State = "none" if self.access is None else "away"
        self.note: Bilingual | None = NONE if self.access is None else AWAY

    def status(self) -> dict[str, Any]:
        """As it stands in the page's status."""
        return {"state": self.state, "note": None if self.note is None else self.note.model_dump()}

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(ASKED_EVERY_S)

    async def look(self) -> None:
        """Find out how it does now."""
        said = self._supervisors_word()
        if said is not None:
            self.access = _of_status(said, self._settings)
            if said.get("state") in ("building", "none"):
                self.state, self.note = said["state"], _note(said.get("note"))
                return
        if self.access is None:
            self.state, self.note = "none", NONE
            return
        there = await self._is_healthy(self.access.url)
        self.state, self.note = ("ready", None) if there else ("away", AWAY)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _is_healthy(self, url: str) -> bool:
        try:
            return (await self._client.get(f"{url}/health")).status_code == 200
        except httpx2.HTTPError:
            return False

    def _supervisors_word(self) -> dict[str, Any] | None:
        """What a running `up` says of the InfluxDB that this room is set to use."""
        try:
            written_ns = self._file.stat().st_mtime_ns
            if written_ns != self._written_ns:
                self._said, self._written_ns = _influx_of(self._file), written_ns
        except OSError:
            self._said, self._written_ns = None, -1
        own = self._settings.influx_url
        if self._said is None or (own is not None and own.rstrip("/") != self._said.get("url")):
            return None
        return self._said


def _influx_of(file: Path) -> dict[str, Any] | None:
    try:
        status = json.loads(file.read_text())
    except ValueError:
        return None
    influx = status.get("influx") if isinstance(status, dict) and status.get("state") != "stopped" else None
    return influx if isinstance(influx, dict) else None


def _of_settings(settings: Settings) -> Access | None:
    if settings.influx_url is None:
        return None
    token = settings.influx_token.get_secret_value() if settings.influx_token else ""
    return Access(
        settings.influx_url.rstrip("/"),
        token,
        settings.influx_org,
        settings.influx_bucket,
        settings.influx_bucket_exercise,
    )


def _of_status(said: dict[str, Any], settings: Settings) -> Access | None:
    if not said.get("url"):
        return None
    return Access(
        str(said["url"]).rstrip("/"),
        str(said.get("token", "")),
        str(said.get("org", settings.influx_org)),
        str(said.get("bucket", settings.influx_bucket)),
        str(said.get("bucket_exercise", settings.influx_bucket_exercise)),
    )


def _note(note: Any) -> Bilingual | None:
    return Bilingual.model_validate(note) if isinstance(note, dict) and {"ko", "en"} <= set(note) else None
