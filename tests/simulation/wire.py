"""Between one process and the cluster: every request takes time both ways, and what is under way outlives its sender.

A request that has left is carried out though its process is killed meanwhile; an answer may be lost; nothing goes through
while the process is cut off or the broker is away.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError

from tests.simulation.cluster import Cluster, Concurrent
from tests.simulation.loop import Loop

MEAN_S: Final = 0.003
AGAIN_S: Final = 0.02
"""A client asks again so soon where the producer's last transaction is not complete."""
LOOK_S: Final = 0.5
"""A request that cannot get through is tried again so often."""
GIVEN_UP_S: Final = 40.0
"""aiokafka's `request_timeout_ms`."""


class Wire:
    """One process's connections."""

    def __init__(self, rng: random.Random, loop: Loop, cluster: Cluster) -> None:
        self.rng, self.loop, self.cluster = rng, loop, cluster
        self.is_cut = False
        self.slowness = 1.0
        self.refused = self.lost = 0.0
        """Chance that a request is refused, and that its answer is lost."""
        self.is_closed = False
        """At the run's end nothing is carried out any more."""

    async def ask(self, act: Callable[[], Any], *, may_fail: bool = False) -> Any:
        """Let the cluster do something; its answer, which may be a future of the cluster's.

        Raises:
            KafkaConnectionError: no answer came.
        """
        if self.is_closed:
            raise KafkaConnectionError("the run is over")
        return await _Request(self, act, may_fail=may_fail).answer


class _Request:
    """One request on its way there, and its answer on the way back; neither belongs to the process."""

    def __init__(self, wire: Wire, act: Callable[[], Any], *, may_fail: bool) -> None:
        self._wire, self._act, self._may_fail = wire, act, may_fail
        self.answer: asyncio.Future[Any] = wire.loop.create_future()
        self._given_up_s = wire.loop.time() + GIVEN_UP_S
        self._later(self._delay_s(), self._arrive)

    def _later(self, seconds: float, what: Callable[..., None], *arguments: Any) -> None:
        self._wire.loop.call_later(seconds, what, *arguments, context=contextvars.Context())

    def _delay_s(self) -> float:
        return self._wire.rng.expovariate(1 / (MEAN_S * self._wire.slowness))

    def _happens(self, chance: float) -> bool:
        return self._may_fail and self._wire.rng.random() < chance

    @property
    def _is_given_up(self) -> bool:
        return self._wire.loop.time() >= self._given_up_s

    def _arrive(self) -> None:
        if self._wire.is_closed:
            self._reply(None, KafkaConnectionError("the run is over"))
        elif self._wire.is_cut or self._wire.cluster.is_away:
            if self._is_given_up:
                self._reply(None, KafkaConnectionError("nobody answers"))
            else:
                self._later(LOOK_S, self._arrive)
        elif self._happens(self._wire.refused):
            self._reply(None, KafkaConnectionError("the broker has hung up"))
        else:
            self._carry_out()

    def _carry_out(self) -> None:
        try:
            result = self._act()
        except Concurrent:
            self._later(AGAIN_S, self._arrive)
        except Exception as e:
            self._reply(None, e)
        else:
            if isinstance(result, asyncio.Future):
                result.add_done_callback(lambda f: self._reply(f.result()), context=contextvars.Context())
            else:
                self._reply(result)

    def _reply(self, result: Any, error: BaseException | None = None) -> None:
        self._later(self._delay_s(), self._return, result, error)

    def _return(self, result: Any, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if self._wire.is_cut and not self._is_given_up:
            self._later(LOOK_S, self._return, result, error)
        elif error is not None:
            self.answer.set_exception(error)
        elif self._wire.is_cut or self._happens(self._wire.lost):
            self.answer.set_exception(KafkaConnectionError("no answer came"))
        else:
            self.answer.set_result(result)
