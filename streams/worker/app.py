"""The worker as a process: a Faust app with one agent per stage, its start and its end.

Faust's part: the consumer group, assignment, flow control, agents. Its acknowledgements, producer and tables are not used:
offsets are committed with the results (`transactions`). An error anywhere ends the process; started again it goes on from
its checkpoints.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from streams import kafka, metrics, rule_watch
from streams.clock import SYSTEM_CLOCK, Clock
from streams.contract.topics import TOPICS
from streams.errors import HubError, StateRefused, Unavailable
from streams.kafka import Clients
from streams.logs import get
from streams.rule_watch import RuleWatch
from streams.settings import Settings
from streams.worker.ownership import Ownership
from streams.worker.stages import Flow, Stage, Table
from streams.worker.transport import CHUNKS_UNDER_WAY, Chunk, Transport
from streams.worker.watchdog import Watchdog

GC_THRESHOLD: Final = 200_000
"""What is read one by one, and what is sent, are objects without cycles, thousands at a time: at Python's 700 the collector
passes over them again and again, a twentieth of the time where a backlog is read."""
LOOK_EVERY_S: Final = 5.0
STOP_S: Final = 10.0
"""Faust's own end may hang on a broker that is away; everything is saved before it begins."""
log = get("streams.worker.app")


async def run(settings: Settings) -> None:
    """Carry the stages until SIGTERM or SIGINT; then everything is saved first.

    Raises:
        HubError: the city's data, the topics or the broker are not as they must be.
        Exception: a stage failed; nothing of it is lost, its last checkpoint holds.
    """
    rules = rule_watch.read(settings.seeds)
    table = Table(settings)
    flow = table.by(rules)
    await _need_topics(settings)
    gc.set_threshold(GC_THRESHOLD, 20, 100)
    gc.freeze()  # what is loaded by now stays
    folder = tempfile.mkdtemp(prefix="urbanhub-worker-")
    try:
        worker = Worker(settings, flow, outside(settings, folder))
        await worker.run(RuleWatch(settings.seeds, rules), table)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _need_topics(settings: Settings) -> None:
    wrong = [d for d in await kafka.compare_topics(settings) if not d.exists or d.partitions]
    if wrong:
        raise StateRefused(
            f"{len(wrong)} topics are missing or have another number of partitions",
            field="topics",
            value=", ".join(d.topic for d in wrong),
            fix="Run `urbanhub topics apply`; `urbanhub topics list` shows the differences",
        )


class Outside(NamedTuple):
    """What a worker meets outside itself; a simulation has another."""

    app: Callable[[str, Callable[[TP], int | None]], Any]
    """A Faust app of a group that reads each partition from where it is told."""
    clock: Clock
    clients: Clients
    end_at_once: Callable[[], None]
    """Ends the process where an orderly end is not to be had."""


def outside(settings: Settings, folder: str) -> Outside:
    """The real outside; Faust's files go into `folder`."""

    def app(group: str, begin_at: Callable[[TP], int | None]) -> Any:
        return faust_app(settings, folder, group, begin_at)

    return Outside(app, SYSTEM_CLOCK, kafka.CLIENTS, lambda: os._exit(70))


def faust_app(settings: Settings, folder: str, group: str, begin_at: Callable[[TP], int | None]) -> Any:
    """A Faust app whose consumer delivers chunks, and begins where it is told."""
    app = faust.App(
        group,
        broker=";".join(f"kafka://{server.strip()}" for server in settings.bootstrap.split(",")),
        autodiscover=False,
        datadir=folder,
        store="memory://",
        web_enabled=False,  # it would listen on every address
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,  # otherwise Faust's own assignor and its standby traffic
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_request_timeout=60.0,
        broker_session_timeout=settings.session_timeout_s,
    )
    app.transport = Transport(app.conf.broker_consumer, app, settings=settings, group=group, begin_at=begin_at)
    app.finalize()
    return app


class Worker:
    """One Faust app and what it owns."""

    def __init__(self, settings: Settings, flow: Flow, outside: Outside) -> None:
        self._settings, self._outside = settings, outside
        group = f"{settings.application}-worker"
        self._app = outside.app(group, lambda tp: self._ownership.begin_at(tp))
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._ownership = Ownership(
            settings,
            flow,
            group=group,
            fetch_state=lambda tp: self._app.consumer.fetch_state(tp),
            failed=self._fail,
            clock=outside.clock,
            clients=outside.clients,
        )
        for stage in flow.stages:
            self._add_agent(stage)
        self._app.on_rebalance_complete.connect(self._assigned, weak=False)
        self._app.on_partitions_revoked.connect(self._revoked, weak=False)

    async def run(self, rules: RuleWatch, table: Table) -> None:
        """Run as a process until it is told to end, or until something fails.

        Args:
            rules: tells when they have changed.
            table: makes the stages by them.
        """
        settings = self._settings
        port = metrics.serve(settings.metrics_host, settings.metrics_port, self._ownership.not_ready)
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.end)
        loop.set_exception_handler(_pass_over_what_was_told)
        log.info("worker_started", kafka=settings.bootstrap, metrics=f"http://{settings.metrics_host}:{port}/metrics")
        await self.carry(self._take_up_changes(rules, table))
        log.info("worker_stopped")

    def end(self) -> None:
        """Let `carry` come to its end."""
        self._ended.set()

    async def carry(self, *beside: Coroutine[Any, Any, None]) -> None:
        """Carry the stages, and what goes on beside, until told to end, or until something fails, which is then raised."""
        watching = [asyncio.create_task(each) for each in (self._watch_faust(), self._watch_progress(), *beside)]
        try:
            await self._app.start()
            await self._ended.wait()
        finally:
            for task in watching:
                task.cancel()
            await self._stop()
        if self._failure is not None:
            raise self._failure

    def _add_agent(self, stage: Stage) -> None:
        queued = sum(TOPICS[topic].partitions(self._settings.partitions) for topic in stage.topics)
        # Acknowledged by nobody: the checkpoint says what was applied. A queue that is full would stall every stage.
        topic = self._app.topic(
            *stage.topics,
            key_serializer="raw",
            value_serializer="raw",
            acks=False,
            maxsize=queued * CHUNKS_UNDER_WAY,
        )
        self._app.agent(topic, name=stage.name, concurrency=1)(self._apply_all)

    async def _apply_all(self, stream: Any) -> None:
        """A stage's agent: apply every chunk of its partitions."""
        try:
            async for chunk in stream:
                assert isinstance(chunk, Chunk)
                owned = self._ownership.get(TP(chunk.topic, chunk.partition))
                if owned is not None and self._failure is None:  # else revoked while it waited in the queue
                    await owned.apply(chunk.records)
                del chunk  # what it holds is counted while it is there
                await asyncio.sleep(0)  # a queue that is never empty would never let the senders run
        except Exception as e:  # Faust would start the agent again and pass over this chunk
            self._fail(e)

    async def _assigned(self, app: Any, **_: Any) -> None:
        generation = app.consumer_generation_id
        try:
            await self._ownership.take_over(
                app.consumer.assignment(), lambda: bool(app.consumer_generation_id == generation)
            )
        except Exception as e:  # Faust would go on without the state
            self._fail(e)

    async def _revoked(self, app: Any, revoked: set[TP], **_: Any) -> None:
        try:
            await self._ownership.give_away(revoked)
        except Exception as e:
            self._fail(e)

    async def _watch_faust(self) -> None:
        """A Faust service that crashes would leave the process running without it."""
        await self._app._crashed.wait()
        reason = self._app.crash_reason
        self._fail(reason or Unavailable("Faust has stopped", field="worker", fix="Read the lines before this one"))

    async def _watch_progress(self) -> None:
        watchdog = Watchdog()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                watchdog.look(self._outside.clock.monotonic_s(), self._ownership.progress())
            except Unavailable as e:
                self._fail(e)
                return

    async def _take_up_changes(self, rules: RuleWatch, table: Table) -> None:
        try:
            while True:
                changed = await rules.changed()
                begun_s = self._outside.clock.monotonic_s()
                await self._ownership.take_up(await asyncio.to_thread(table.by, changed))
                seconds = round(self._outside.clock.monotonic_s() - begun_s, 2)
                log.info("rules_taken_up", rules=len(changed.rules), seconds=seconds)
        except Exception as e:  # it would go on by rules that nobody sees any more
            self._fail(e)

    def _fail(self, error: BaseException) -> None:
        """End the worker; the first error is the one that is told."""
        if self._failure is None:
            self._failure = error
            self._ended.set()

    async def _stop(self) -> None:
        save: Callable[[], Any] = self._ownership.give_all_away
        if self._failure is not None:
            save = self._ownership.drop_all
        try:
            async with asyncio.timeout(STOP_S):
                await save()
                await self._app.stop()
        except TimeoutError:
            log.warning("worker_ended_hard", waited_s=STOP_S)
            if self._failure is None:
                self._failure = Unavailable("the broker did not take the end", field="worker", fix="Start it again")
            if isinstance(self._failure, HubError):
                log.error("worker_failed", error=str(self._failure))
            self._outside.end_at_once()  # a thread of the consumer may never end


def _pass_over_what_was_told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Where a producer fails, aiokafka fails several waits with it; whoever sent has told of it, and asks for no other."""
    if not isinstance(context.get("exception"), KafkaError):
        loop.default_exception_handler(context)
