"""Supervision with real processes: what ends is started again, what is finished is not, all stops in reverse order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.child import Child
from deploy.supervisor import Supervisor
from deploy.waiting import until
from streams.errors import Unavailable


class _Service:
    """A process that runs `code`; the order of stops is noted in `stops`."""

    def __init__(self, folder: Path, name: str, code: str, stops: list[str] | None = None) -> None:
        self.child = Child(name, [sys.executable, "-c", code], log=folder / f"{name}.log")
        self.refused = 0
        self._stops = stops if stops is not None else []

    async def start(self) -> None:
        if self.refused:
            self.refused -= 1
            raise Unavailable("not now", field=self.child.name)
        self.child.start()

    async def stop(self) -> int | None:
        self._stops.append(self.child.name)
        return await self.child.stop()


PAUSES = "import signal; signal.pause()"


@pytest.fixture
def told() -> list[str]:
    return []


async def test_a_killed_process_is_started_again_counted_and_told_once(tmp_path: Path, told: list[str]) -> None:
    supervisor = Supervisor(told.append, lambda: None)
    service = _Service(tmp_path, "worker", PAUSES)
    await supervisor.start("worker", service)
    for times in (1, 2):
        before = service.child.pid
        service.child.kill()
        assert await until(lambda: service.child.running and service.child.pid != before, 10)  # noqa: B023
        assert supervisor.kept["worker"].restarts == times
    assert told == ["worker was ended by signal 9; it is started again"]
    await supervisor.stop()
    assert not service.child.running


async def test_one_that_cannot_start_yet_is_tried_again_and_told_once(tmp_path: Path, told: list[str]) -> None:
    supervisor = Supervisor(told.append, lambda: None)
    service = _Service(tmp_path, "kafka", PAUSES)
    await supervisor.start("kafka", service)
    service.refused = 2
    service.child.kill()
    assert await until(lambda: service.child.running, 10)
    assert [line for line in told if "can't" in line] == ["kafka can't be started again yet: kafka: not now"]
    await supervisor.stop()


async def test_a_good_end_is_an_end_and_a_bad_one_is_not(tmp_path: Path, told: list[str]) -> None:
    supervisor = Supervisor(told.append, lambda: None)
    good = _Service(tmp_path, "replay", "pass")
    bad = _Service(tmp_path, "other", "raise SystemExit('no more records')")
    await supervisor.start("replay", good, ends=True)
    await supervisor.start("other", bad, ends=True)
    assert await until(lambda: supervisor.kept["replay"].finished and supervisor.kept["other"].restarts > 0, 10)
    assert supervisor.kept["replay"].restarts == 0
    assert told == ["other ended with exit code 1 (no more records); it is started again"]
    await supervisor.stop()


async def test_all_are_stopped_the_last_started_first(tmp_path: Path, told: list[str]) -> None:
    supervisor, stops = Supervisor(told.append, lambda: None), list[str]()
    for name in ("kafka", "worker", "room"):
        await supervisor.start(name, _Service(tmp_path, name, PAUSES, stops))
    await supervisor.stop()
    assert stops == ["room", "worker", "kafka"]


async def test_one_that_fails_to_start_is_not_kept(tmp_path: Path, told: list[str]) -> None:
    supervisor = Supervisor(told.append, lambda: None)
    service = _Service(tmp_path, "kafka", PAUSES)
    service.refused = 1
    with pytest.raises(Unavailable):
        await supervisor.start("kafka", service)
    assert supervisor.kept == {}
