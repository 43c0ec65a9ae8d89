"""The whole hub: started in order, watched, stopped in reverse order."""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from deploy.data_dir import end_leftovers, held, remember_processes, write_status
from deploy.history import History
from deploy.kafka import KafkaNode, fetch_jars, kafka_version, make_archive
from deploy.page import build_page
from deploy.ports import is_free
from deploy.processes import HubProcess
from deploy.progress import Display, Step
from deploy.supervisor import Supervisor
from deploy.waiting import until
from streams.errors import HubError, NoRoom, Occupied, Unavailable, WrongInput
from streams.kafka import apply_topics
from streams.settings import Settings

PORTS_TRIED: Final = 50
ARCHIVE_AFTER_S: Final = 20.0
PAGE_S: Final = 90.0
"""The Situation Room starts without its page when that takes longer to build; it is served once it is there."""
LOGS_SEEN_TO_EVERY_S: Final = 60.0
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person chose for this start."""

    scenario: str | None
    speed: float | None
    port_chosen: bool
    browser: bool
    check: bool


class Hub:
    """One hub on one data folder."""

    def __init__(self, settings: Settings, wishes: Wishes, display: Display) -> None:
        self._settings, self._wishes, self._display = settings, wishes, display
        self._supervisor = Supervisor(display.line, self._write_status)
        self._background: set[asyncio.Task[None]] = set()
        self._history: History | None = None
        self._state = "starting"
        self._checked = False
        """A check has told its verdict, which is the last line."""
        self._no_room = ""

    async def run(self) -> int:
        """Start everything, run until told to end, stop everything; returns the exit code.

        Raises:
            HubError: it could not be started; what had been started is stopped.
        """
        self._look_before()
        with held(self._settings.data_dir):
            ending = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._asked_to_end, ending)
            main = asyncio.create_task(self._main())
            asked = asyncio.create_task(ending.wait())
            try:
                await asyncio.wait({main, asked}, return_when=asyncio.FIRST_COMPLETED)
                return main.result() if main.done() else 0
            finally:
                main.cancel()
                await self._stop(main, asked)

    def _look_before(self) -> None:
        """What can be known to be wrong before anything is started."""
        scenario = self._wishes.scenario
        folder = self._settings.seeds / "scenarios"
        if scenario is not None and not (folder / f"{scenario}.toml").exists():
            there = ", ".join(sorted(path.stem for path in folder.glob("*.toml"))) or "none"
            raise WrongInput(
                "there is no such scenario", field="--scenario", value=scenario, fix=f"Choose one of: {there}, or none"
            )
        wanted = self._settings.room_port
        tried = [wanted] if self._wishes.port_chosen else range(wanted, wanted + PORTS_TRIED)
        port = next((port for port in tried if is_free(port)), None)
        if port is None:
            raise Occupied(
                "the port of the Situation Room is taken by another program",
                field="--port",
                value=wanted,
                fix=f"End that program, or choose another, as in --port {wanted + 1}",
            )
        self._adopt(room_port=port)

    def _asked_to_end(self, ending: asyncio.Event) -> None:
        if ending.is_set():  # asked twice: at once
            self._supervisor.kill()
        ending.set()

    async def _main(self) -> int:
        with self._display:
            await self._start()
        self._state = "running"
        self._write_status()
        self._display.line(f"Situation Room: {self._room_url}/")
        if self._wishes.check:
            return await self._check()
        if self._wishes.browser and _has_display():
            self._beside(asyncio.to_thread(webbrowser.open, self._room_url))
        while True:
            await asyncio.sleep(LOGS_SEEN_TO_EVERY_S)
            self._supervisor.shorten_logs()

    async def _start(self) -> None:
        left = await end_leftovers(self._settings.data_dir)
        if left:
            self._display.line(f"ended what an earlier start had left running: {', '.join(left)}")
        kafka, page = self._display.step("Kafka"), self._display.step("page")
        hub = self._display.step("hub")
        self._history = History(self._settings, self._supervisor, self._display.step("InfluxDB"), self._write_status)
        access = self._history.access
        self._adopt(
            influx_url=access.url,
            influx_token=SecretStr(access.token),
            influx_org=access.org,
            influx_bucket=access.bucket,
            influx_bucket_exercise=access.bucket_exercise,
        )
        topics_there = asyncio.Event()
        page_built = asyncio.create_task(_page(page))
        self._background.add(page_built)
        self._beside(self._history.run(lambda: self._start_sink(topics_there)))

        await self._start_kafka(kafka)
        hub.doing("applying topics")
        changed = await apply_topics(self._settings)
        topics_there.set()
        hub.doing(f"{len(changed)} topics made or mended; starting the worker" if changed else "starting the worker")
        await self._supervisor.start("worker", self._process("worker"))
        hub.doing("waiting for the page")
        await asyncio.wait({page_built}, timeout=PAGE_S)
        hub.doing("starting the Situation Room")
        await self._supervisor.start("room", self._process("room", address=self._room_url))
        if self._wishes.scenario is not None and not self._wishes.check:
            hub.doing(f"starting the scenario {self._wishes.scenario}")
            speed = [] if self._wishes.speed is None else ["--speed", f"{self._wishes.speed:g}"]
            replay = self._process("replay", self._wishes.scenario, "--resume", *speed, awaited=False)
            await self._supervisor.start("replay", replay, ends=True)
        hub.done(", ".join(name for name in self._supervisor.kept if name not in ("kafka", "influxdb")))

    async def _start_kafka(self, step: Step) -> None:
        if self._settings.kafka_bootstrap_servers:
            step.done(f"the existing cluster at {self._settings.kafka_bootstrap_servers}")
            return
        step.doing("looking for its jars")
        given_up = False

        def progress(done: int, total: int, size: int) -> None:
            if given_up:
                raise asyncio.CancelledError
            step.counting(f"fetching: {done} of {total} jars, {size / MIB:.0f} MiB")

        try:
            jars = await asyncio.to_thread(fetch_jars, progress)
        finally:
            given_up = True
        step.doing(f"starting ({len(jars)} jars)")
        node = KafkaNode(self._settings.data_dir / "kafka", jars)
        await self._supervisor.start("kafka", node)
        self._adopt(kafka_bootstrap_servers=node.bootstrap)
        step.done(f"{kafka_version()} at {node.bootstrap}, {node.child.memory_mib()} MiB")

        async def archive_later() -> None:
            await asyncio.sleep(ARCHIVE_AFTER_S)  # not while everything else starts
            await make_archive(jars)

        self._beside(archive_later())

    async def _start_sink(self, topics_there: asyncio.Event) -> None:
        await topics_there.wait()
        await self._supervisor.start("sink", self._process("sink", awaited=False))

    async def _check(self) -> int:
        from deploy import acceptance

        history = self._history
        if history is not None:
            await until(lambda: history.state in ("ready", "none"), math.inf, every_s=0.2)
            if history.state == "none":
                why = history.note["en"] if history.note else ""
                raise Unavailable("the check needs InfluxDB", field="--check", fix=why)
        code = await acceptance.run(self._settings, scenario=self._wishes.scenario, speed=self._wishes.speed)
        self._checked = True
        return code

    async def _stop(self, *tasks: asyncio.Task[Any]) -> None:
        self._state = "stopping"
        self._display.close()
        for task in (*self._background, *tasks):
            task.cancel()
        await asyncio.gather(*self._background, *tasks, return_exceptions=True)
        if self._supervisor.kept and not self._checked:
            self._display.line(f"stopping: {', '.join(reversed(self._supervisor.kept))}")
        await self._supervisor.stop()
        self._state = "stopped"
        self._write_status()
        if not self._checked:
            self._display.line("stopped")

    def _beside(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it beside everything else; a failure is told and ends nothing."""

        async def told() -> None:
            try:
                await work
            except HubError as e:
                self._display.line(str(e))

        task = asyncio.create_task(told())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _adopt(self, **found: Any) -> None:
        """From now on these are the settings, for this process and for its children."""
        self._settings = self._settings.model_copy(update=found)

    @property
    def _room_url(self) -> str:
        host = self._settings.room_host
        return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::', '') else host}:{self._settings.room_port}"

    def _process(self, *arguments: str, address: str | None = None, awaited: bool = True) -> HubProcess:
        settings = self._settings
        env = {
            "KAFKA_BOOTSTRAP_SERVERS": settings.bootstrap,
            "URBANHUB_DATA_DIR": str(settings.data_dir),
            "URBANHUB_SEEDS": str(settings.seeds),
            "URBANHUB_ROOM_PORT": str(settings.room_port),
            # The only worker of this data folder: a killed one need not wait for its own session to end.
            "URBANHUB_WORKER_NAME": settings.worker_name
            or f"{socket.gethostname()}-{_digest(settings.data_dir)}"[-64:],
        }
        if self._history is not None:
            env |= self._history.access.environment()
        return HubProcess(*arguments, data_dir=settings.data_dir, env=env, address=address, awaited=awaited)

    def _write_status(self) -> None:
        kept = self._supervisor.kept
        pids = {name: each.service.child.pid for name, each in kept.items()}
        alive = {name: pid for name, pid in pids.items() if pid is not None}
        processes = {name: each.service for name, each in kept.items() if isinstance(each.service, HubProcess)}
        status = {
            "state": self._state,
            "kafka": {"bootstrap": self._settings.kafka_bootstrap_servers},
            "influx": None if self._history is None else self._history.status(),
            "room": {"url": f"{self._room_url}/"},
            "data_dir": str(self._settings.data_dir),
            "supervisor": os.getpid(),
            "pids": alive,
            "restarts": {name: each.restarts for name, each in kept.items()},
            "finished": [name for name, each in kept.items() if each.finished],
            "metrics": {name: f"{process.address}/metrics" for name, process in processes.items()},
        }
        try:
            write_status(self._settings.data_dir, status)
            remember_processes(self._settings.data_dir, alive)
            self._no_room = ""
        except NoRoom as e:  # the services go on, and are started again once there is room
            if str(e) != self._no_room:
                self._display.line(str(e))
            self._no_room = str(e)


async def _page(step: Step) -> None:
    try:
        built = await build_page(step.doing)
    except HubError as e:
        step.failed(f"{e.what}. {e.fix}. Everything else works without it")
        return
    step.done("built" if built else "there")


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
