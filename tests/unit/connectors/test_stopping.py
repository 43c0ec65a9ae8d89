"""Asked to end, a command ends in good order and not before."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from connectors.stopping import Stop, stop_signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_asks_and_its_exit_code_is_the_shell_s(number: signal.Signals, code: int) -> None:
    with stop_signals() as stop:
        assert (stop.asked, stop.exit_code) == (False, 0)
        os.kill(os.getpid(), number)
        assert await stop.within(5)

    assert stop.exit_code == code


async def test_a_second_ctrl_c_ends_at_once() -> None:
    with stop_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        await stop.within(5)
        handler = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, handler)
        interrupted = asyncio.get_running_loop()._signal_handlers[signal.SIGINT]  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            interrupted._callback()


async def test_work_that_ends_is_waited_for() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert (await Stop().grants(work())).result() == 7


async def test_work_s_own_error_is_raised() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Stop().grants(work())


async def test_work_is_given_up_when_asked_to_end() -> None:
    stop, ended = Stop(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    asyncio.get_running_loop().call_soon(stop.ask, signal.SIGTERM)
    task = await stop.grants(work())

    assert task.cancelled() and ended == [True]


async def test_work_gets_the_seconds_that_it_is_granted() -> None:
    stop = Stop()
    stop.ask(signal.SIGTERM)
    gate = asyncio.Event()

    async def work() -> None:
        await gate.wait()

    asyncio.get_running_loop().call_later(0.05, gate.set)
    assert not (await stop.grants(work(), then_s=10)).cancelled()
    gate.clear()
    assert (await stop.grants(work(), then_s=0.01)).cancelled()
