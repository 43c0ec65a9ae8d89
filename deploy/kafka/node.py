"""One Kafka node whose whole state lies below one folder."""

from __future__ import annotations

import asyncio
import secrets
import string
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.child import Child
from deploy.disk import need_room, telling_no_room
from deploy.kafka.java import archive_path, command
from deploy.ports import HOST, is_free, remembered_port
from deploy.waiting import until
from streams.errors import HubError, NoRoom, Occupied, Unavailable

_HERE: Final = Path(__file__).parent
ROOM_MIB: Final = 512
READY_S: Final = 60.0


class KafkaNode:
    """Format, start, wait until ready, stop; started again it has the same port and the same records.

    Args:
        home: everything it keeps lies below this folder.
        jars: its class path.
        options: further options of Java.
    """

    def __init__(self, home: Path, jars: list[Path], options: Sequence[str] = ()) -> None:
        self.home, self.port = home, 0
        self._config, self._data = home / "server.properties", home / "data"
        archive = archive_path(jars)
        shared = [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"] if archive.exists() else []
        self._java = command(jars, *shared, *options, f"-Dlog4j2.configurationFile={_HERE / 'log4j2.yaml'}")
        self.child = Child("kafka", [*self._java, "kafka.Kafka", self._config], log=home / "kafka.log")

    @property
    def bootstrap(self) -> str:
        """The address for clients; stays the same while this folder's port is free."""
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        """Start it, formatting its folder the first time, and return when a broker serves.

        Raises:
            NoRoom: the disk is full or may not be written.
            Occupied: the port that running clients know was taken meanwhile.
            Unavailable: Java or Kafka failed; its words are in the message.
        """
        need_room(self.home, ROOM_MIB, "Kafka")
        with telling_no_room(self.home):
            self._configure()
        if not (self._data / "meta.properties").exists():
            await asyncio.to_thread(self._format)
        self.child.start()
        await self._ready()

    async def stop(self) -> int | None:
        """Stop it in good order; returns the exit code (143: as asked)."""
        return await self.child.stop()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.child.kill()

    def _configure(self) -> None:
        if not self.port:
            self.port = remembered_port(self.home / "port")
        elif not is_free(self.port):
            raise Occupied(
                "the broker's port was taken by another program while the broker was down",
                field="kafka port",
                value=self.port,
                fix="End that program",
            )
        template = string.Template((_HERE / "server.properties").read_text())
        controller_port = remembered_port(self.home / "controller-port")
        self._config.write_text(
            template.substitute(port=self.port, controller_port=controller_port, data=self._data.resolve())
        )

    def _format(self) -> None:
        # 16 random bytes in base64 without padding, as Kafka's own tool makes it, and never like an option ("-…").
        cluster_id = "A" + secrets.token_urlsafe(16)[1:]
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster_id]
        done = subprocess.run(
            [*self._java, *tool, "-c", str(self._config), "--ignore-formatted"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise self._failed(f"{done.stdout}\n{done.stderr}", "could not format its folder")

    async def _ready(self) -> None:
        async def serves_or_ended() -> bool:
            return not self.child.running or await self._serves()

        in_time = await until(serves_or_ended, READY_S)
        if not self.child.running:
            raise self._failed(self.child.said(), f"ended at its start with {self.child.exit_code}")
        if not in_time:
            raise self._failed(self.child.said(), f"was not ready within {READY_S:.0f} s")

    async def _serves(self) -> bool:
        """Whether a broker has registered: the port is open somewhat earlier."""
        try:
            _, writer = await asyncio.open_connection(HOST, self.port)
            writer.close()
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=2000)
            try:
                await admin.start()
                return bool((await admin.describe_cluster())["brokers"])
            finally:
                await admin.close()
        except (OSError, KafkaError):
            return False

    def _failed(self, said: str, what: str) -> HubError:
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return NoRoom("the disk is full, Kafka can't write", field=str(self.home), fix="Make room and start again")
        if "Address already in use" in said:
            return Occupied(
                "Kafka's port was taken by another program", field="kafka port", value=self.port, fix="Start again"
            )
        reason = next((line for line in reversed(said.splitlines()) if "Exception" in line or "rror" in line), said)
        return Unavailable(
            f"Kafka {what}: {reason.strip()[-300:]}",
            field="kafka",
            fix=f"Read {self.child.log}, or set KAFKA_BOOTSTRAP_SERVERS to a cluster that runs",
        )
