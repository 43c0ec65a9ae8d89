"""Kafka, InfluxDB and the hub's processes as objects that a test starts, stops and kills."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from deploy.influx import InfluxAccess, InfluxNode, build, ensure_buckets, find_binary, own_access
from deploy.kafka import KafkaNode, fetch_jars
from deploy.kafka.java import command
from deploy.ports import free_port
from deploy.processes import HubProcess
from deploy.waiting import until
from streams.kafka import apply_topics
from streams.settings import Settings, load

ADDRESSES = ("room",)
"""Processes that serve their metrics beside what else they serve."""


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], what: str, seconds: float = 30.0, every_s: float = 0.05
) -> None:
    """Wait until the condition holds, or fail saying what did not come."""
    assert await until(condition, seconds, every_s), f"not within {seconds:g} s: {what}"


async def started_influx(home: Path) -> InfluxNode:
    """A running InfluxDB, built first where there is none (minutes)."""
    binary = find_binary() or await build()
    node = InfluxNode(home, own_access(home, load()), binary)
    await node.start()
    return node


async def own_buckets(node: InfluxNode) -> InfluxAccess:
    """Two fresh buckets in a running InfluxDB, for one test alone."""
    suffix = secrets.token_hex(4)
    access = replace(node.access, bucket=f"city-{suffix}", bucket_exercise=f"city-exercise-{suffix}")
    await ensure_buckets(access)
    return access


async def console_producer(node: KafkaNode, jars: list[Path], topic: str, lines: str, *options: str) -> None:
    """Send lines by Kafka's own console producer: `KEY<tab>VALUE` with `--reader-property parse.key=true`."""
    tools = await asyncio.to_thread(fetch_jars, lock=Path(__file__).parent / "kafka-tools.lock")
    process = await asyncio.create_subprocess_exec(
        *command([*jars, *tools]),
        "org.apache.kafka.tools.ConsoleProducer",
        *["--bootstrap-server", node.bootstrap, "--topic", topic, *options],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(lines.encode())
    assert process.returncode == 0, said.decode(errors="replace")[-2000:]


class HubUnderTest:
    """The hub's processes on a broker and an InfluxDB, each started, killed and started again by name.

    Args:
        data_dir: logs and remembered ports.
        kafka: the broker; its topics are made by `prepare`.
        influx: where the sink writes; None = none.
        env: settings on top.
    """

    def __init__(
        self, data_dir: Path, kafka: KafkaNode, influx: InfluxAccess | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir, self.kafka, self.influx = data_dir, kafka, influx
        self.env = dict(env or {})
        self.room_port = free_port()
        self._processes: dict[str, HubProcess] = {}

    @property
    def settings(self) -> Settings:
        """The settings that its processes have."""
        influx = self.influx
        known = (
            {}
            if influx is None
            else {
                "influx_url": influx.url,
                "influx_token": SecretStr(influx.token),
                "influx_org": influx.org,
                "influx_bucket": influx.bucket,
                "influx_bucket_exercise": influx.bucket_exercise,
            }
        )
        return load(data_dir=self.data_dir).model_copy(
            update={"kafka_bootstrap_servers": self.kafka.bootstrap, "room_port": self.room_port, **known}
        )

    @property
    def room_url(self) -> str:
        """The Situation Room's address."""
        return f"http://127.0.0.1:{self.room_port}"

    async def prepare(self) -> None:
        """Make the topics."""
        await apply_topics(self.settings)

    async def start(self, *names: str, **env: str) -> None:
        """Start these processes and wait until they are ready."""
        for name in names:
            await self._made(name, env).start()

    async def restart(self, *names: str) -> None:
        """Start again what was killed or stopped."""
        for name in names:
            await self._processes[name].start()

    async def run(self, *arguments: str, seconds: float = 120.0) -> str:
        """Run a subcommand to its good end; returns what it wrote."""
        process = self._made(arguments[0], {}, *arguments[1:], awaited=False)
        process.child.start()
        ended = await until(lambda: not process.child.running, seconds)
        said = process.child.said(20_000)
        await process.stop()
        assert ended, f"{' '.join(arguments)} did not end within {seconds:g} s: {said[-2000:]}"
        assert process.child.exit_code == 0, (
            f"{' '.join(arguments)}: exit code {process.child.exit_code}: {said[-2000:]}"
        )
        return said

    def kill(self, *names: str) -> None:
        """End these as `kill -9` does."""
        for name in names:
            self._processes[name].child.kill()

    async def stop(self, *names: str) -> None:
        """Stop these in good order; all of them when none is named, the last started first."""
        for name in names or reversed(list(self._processes)):
            await self._processes[name].stop()

    def knows(self, name: str) -> bool:
        """Whether it was ever started."""
        return name in self._processes

    def process(self, name: str) -> HubProcess:
        """One of its processes: `.child.pid`, `.child.running`, `.child.said()`, `.address`."""
        return self._processes[name]

    def log(self, name: str) -> str:
        """All that this process wrote."""
        return self._processes[name].child.log.read_text(errors="replace")

    def _made(self, name: str, env: Mapping[str, str], *options: str, awaited: bool = True) -> HubProcess:
        known = {} if self.influx is None else self.influx.environment()
        process = HubProcess(
            name,
            *options,
            data_dir=self.data_dir,
            env={
                "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap,
                "URBANHUB_DATA_DIR": str(self.data_dir),
                "URBANHUB_SEEDS": str(self.settings.seeds),
                "URBANHUB_ROOM_PORT": str(self.room_port),
                **known,
                **self.env,
                **env,
            },
            address=self.room_url if name in ADDRESSES else None,
            awaited=awaited,
        )
        self._processes[name] = process
        return process
