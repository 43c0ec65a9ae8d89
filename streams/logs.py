"""Structured logs for every process; a repeating fault is counted, not repeated.

Events are named noun_past (`checkpoint_written`). Standard-library loggers (faust, mode, aiokafka, uvicorn) are bridged.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any, Final

import structlog

from streams.clock import SYSTEM_CLOCK, Clock

REPEAT_S: Final = 60.0
"""The same event of the same logger is written once in this many seconds; then with how often it came."""

_NOISY: Final = {
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "streams.worker.transport": logging.WARNING,  # Faust's services, under the module that extends them
    "aiokafka": logging.ERROR,
    "httpx2": logging.WARNING,  # else a line for each request
    "uvicorn": logging.WARNING,
}


def configure(*, process: str, form: str = "auto", level: str = "info") -> None:
    """Set up logging of this process.

    Args:
        process: its name, written with every line.
        form: `console`, `json`, or `auto`: console on a terminal, else JSON.
        level: the least log level written.
    """
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level.upper())))
    # Of the handler: a logger's filter does not see what the loggers below it write, and those are the ones that repeat.
    handler.addFilter(Repeats(SYSTEM_CLOCK))
    threading.excepthook = _tell_of_thread
    structlog.contextvars.bind_contextvars(process=process)


def _tell_of_thread(ended: threading.ExceptHookArgs) -> None:
    """A thread that ended by an error is one event like any other; Python would write thirty lines without a time.

    Faust's consumer has a thread of its own, which ends so when its broker is away.
    """
    name = None if ended.thread is None else ended.thread.name
    told = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    get(__name__).error("thread_failed", thread=name, error=repr(ended.exc_value), exc_info=told)


class Repeats(logging.Filter):
    """Lets a message of the libraries through once a minute, with the count of those held back.

    What varies in a message counts as the same: its arguments, and what follows its first line (asyncio's carry addresses).
    The hub's own events pass: whoever writes one that may repeat counts it (`Counted`).
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if isinstance(record.msg, dict):
            return True
        key = (record.name, str(record.msg).partition("\n")[0])
        now = self._clock.monotonic_s()
        first, held = self._seen.get(key, (-REPEAT_S, 0))
        if now - first < REPEAT_S:
            self._seen[key] = (first, held + 1)
            return False
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[key] = (now, 0)
        if held:
            record.msg = f"{record.msg} (and {held} more in the last minutes)"
        return True


class Counted:
    """Writes a repeating fault once, then its count at most once in `REPEAT_S` seconds."""

    def __init__(self, log: structlog.stdlib.BoundLogger, event: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._log, self._event, self._clock = log, event, clock
        self._last_s: float | None = None
        self._held = 0

    def warn(self, **fields: Any) -> None:
        """The fault has happened once more."""
        now = self._clock.monotonic_s()
        if self._last_s is not None and now - self._last_s < REPEAT_S:
            self._held += 1
            return
        self._log.warning(self._event, **fields, **({"more": self._held} if self._held else {}))
        self._last_s, self._held = now, 0


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger of this name."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
