"""One InfluxDB whose whole state lies below one folder."""

from __future__ import annotations

import json
import os
import secrets
import signal
from pathlib import Path
from typing import Final

import httpx2

from deploy.child import Child
from deploy.disk import need_room, telling_no_room
from deploy.influx.access import ANSWER_S, InfluxAccess, ensure_buckets, is_healthy
from deploy.ports import HOST, is_free, remembered_port
from deploy.waiting import until
from streams.errors import HubError, NoRoom, Occupied, StateRefused, Unavailable, WrongSetting
from streams.settings import Settings

READY_S: Final = 60.0
ROOM_MIB: Final = 256
_CACHE_BYTES: Final = 256 << 20


def own_access(home: Path, names: Settings) -> InfluxAccess:
    """How the InfluxDB of this folder is reached, settled before it first runs and kept.

    Args:
        home: the folder.
        names: the organisation and the buckets are called as these settings say.

    Raises:
        NoRoom: the folder can't be written.
    """
    with telling_no_room(home):
        home.mkdir(parents=True, exist_ok=True)
        port = remembered_port(home / "port")
        token = _kept_secret(home / "token")
    return InfluxAccess(
        f"http://{HOST}:{port}", token, names.influx_org, names.influx_bucket, names.influx_bucket_exercise
    )


class InfluxNode:
    """Start, set up once, stop; started again it has the same port, token and points.

    Args:
        home: everything it keeps lies below this folder.
        access: what `own_access` gave for this folder.
        binary: influxd.
    """

    def __init__(self, home: Path, access: InfluxAccess, binary: Path) -> None:
        self.home, self.access = home, access
        self.port = int(access.url.rpartition(":")[2])
        self.child = Child(
            "influxdb",
            [binary, *self._options()],
            log=home / "influxd.log",
            # HOME: it keeps files of its own there. GOMEMLIMIT keeps its heap small.
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(home), "GOMEMLIMIT": "512MiB"},
            stop_signal=signal.SIGINT,  # influxd 2.7 does not handle SIGTERM: it would end as by kill -9
        )

    async def start(self) -> None:
        """Start it, set it up the first time, and return when both buckets can be written.

        Raises:
            NoRoom: the disk is full or may not be written.
            Occupied: its port was taken.
            StateRefused: its folder was set up with another token.
            Unavailable: it ended or did not answer.
        """
        need_room(self.home, ROOM_MIB, "InfluxDB")
        if not is_free(self.port):
            raise Occupied(
                "InfluxDB's port was taken by another program",
                field="influxdb port",
                value=self.port,
                fix="End that program, or start again later",
            )
        self.child.start()
        await self._ready()
        try:
            await self._set_up()
            await ensure_buckets(self.access)
        except WrongSetting as e:
            await self.stop()
            raise StateRefused(
                "InfluxDB's folder was set up with another token",
                field=str(self.home),
                fix=f"Put the old token back into {self.home / 'token'}, or move the folder away to begin anew",
            ) from e

    async def stop(self) -> int | None:
        """Stop it in good order; returns the exit code."""
        return await self.child.stop()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.child.kill()

    def _options(self) -> list[str]:
        return [
            f"--http-bind-address={HOST}:{self.port}",
            f"--bolt-path={self.home / 'influxd.bolt'}",
            f"--sqlite-path={self.home / 'influxd.sqlite'}",
            f"--engine-path={self.home / 'engine'}",
            "--reporting-disabled",
            "--log-level=warn",
            f"--storage-cache-max-memory-size={_CACHE_BYTES}",
            "--query-concurrency=8",
            "--query-queue-size=64",
        ]

    async def _ready(self) -> None:
        async def well_or_ended() -> bool:
            return not self.child.running or await is_healthy(self.access.url)

        in_time = await until(well_or_ended, READY_S)
        if not in_time or not self.child.running:
            raise self._failed(self.child.said())

    async def _set_up(self) -> None:
        async with httpx2.AsyncClient(base_url=self.access.url, timeout=ANSWER_S * 4, trust_env=False) as http:
            if not (await http.get("/api/v2/setup")).json()["allowed"]:
                return
            first = {
                "username": "hub",
                "password": _kept_secret(self.home / "password"),
                "org": self.access.org,
                "bucket": self.access.bucket,
                "token": self.access.token,
                "retentionPeriodSeconds": 0,
            }
            answer = await http.post("/api/v2/setup", json=first)
        if answer.status_code != 201:
            raise Unavailable(
                f"InfluxDB could not be set up ({answer.status_code}): {answer.text[:200]}",
                field="influxdb",
                fix=f"Read {self.home / 'influxd.log'}",
            )

    def _failed(self, said: str) -> HubError:
        if "no space left on device" in said:
            return NoRoom("the disk is full, InfluxDB can't write", field=str(self.home), fix="Make room")
        if "address already in use" in said:
            return Occupied(
                "InfluxDB's port was taken by another program",
                field="influxdb port",
                value=self.port,
                fix="Start again",
            )
        last = said.splitlines()[-1] if said else "no word"
        return Unavailable(
            f"InfluxDB did not start: {_message(last)[-300:]}",
            field="influxdb",
            fix=f"Read {self.home / 'influxd.log'}",
        )


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["msg"])
    except (ValueError, TypeError, KeyError):
        return line.strip()


def _kept_secret(file: Path) -> str:
    """The secret in `file`, made the first time; only its owner may read it."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        secret = secrets.token_urlsafe(32)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(f"{secret}\n")
        return secret
