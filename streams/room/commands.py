"""An officer's act: where it came from and what it says is judged here, whether it may be is the flow's to judge."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import OrderedDict
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from streams import kafka
from streams.clock import Clock
from streams.contract.alerts import Alert, Command
from streams.contract.topics import COMMANDS
from streams.errors import HubError, shown
from streams.logs import get
from streams.settings import Settings

LONGEST_BODY_BYTES: Final = 16 * 1024
SENT_WITHIN_S: Final = 10.0
CLOSED_WITHIN_S: Final = 2.0
BURST: Final = 20
PER_SECOND: Final = 2.0
ADDRESSES_KEPT: Final = 1024

log = get("streams.room.commands")


class Refused(Exception):
    """A request that is not done, with the words for whoever made it."""

    def __init__(self, status: int, what: str, *, field: str = "", value: Any = None, fix: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.error = {"what": what, "field": field, "value": None if value is None else shown(value), "fix": fix}


def check_origin(origin: str | None, host: str | None, *, on_loopback: bool) -> None:
    """Let through what the room's own page or a program sends, and nothing that another site's page sends.

    A page whose name was bound to this machine's loopback afterwards names itself as host, so a room on the loopback
    answers to loopback names only.

    Raises:
        Refused: it comes from another site.
    """
    fix = "Act on the room's own page, opened by its own address"
    if on_loopback and not _is_loopback(urlsplit(f"//{host or ''}").hostname):
        raise Refused(403, "the room does not go by this name", field="Host", value=host, fix=fix)
    if origin is not None and urlsplit(origin).netloc.lower() != (host or "").lower():
        raise Refused(403, "the act comes from another site's page", field="Origin", value=origin, fix=fix)


def _is_loopback(name: str | None) -> bool:
    if name is None or name == "localhost":
        return name is not None
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def read_command(body: bytes, content_type: str | None, alert: Alert) -> Command:
    """The act that a request's body says.

    Raises:
        Refused: it is none, or not one for this alert.
    """
    if (content_type or "").split(";")[0].strip().lower() != "application/json":
        fix = "Send it as application/json"
        raise Refused(415, "the body is not said to be JSON", field="Content-Type", value=content_type, fix=fix)
    if len(body) > LONGEST_BODY_BYTES:
        raise Refused(413, f"the body has more than {LONGEST_BODY_BYTES} bytes", fix="Shorten the note")
    try:
        said = orjson.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Refused(422, "the body is no JSON object", fix="Send command_id, kind and by")
    given = said.get("exercise")
    if given is not None and given != alert.exercise:
        raise Refused(422, "the alert is not of this exercise", field="exercise", value=given, fix="Leave it out")
    try:
        command = Command.model_validate({**said, "alert_id": alert.alert_id, "exercise": alert.exercise})
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        value = None if first["type"] == "missing" else first["input"]
        raise Refused(422, f"{field}: {first['msg']}", field=field, value=value, fix="Mend that field") from None
    if alert.state == "cleared" and command.kind != "comment":
        fix = "Send a comment instead"
        raise Refused(409, "the alert has ended and takes comments only", field="kind", value=command.kind, fix=fix)
    return command


class Allowance:
    """How often one address may act: a burst, then a steady rate."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Use one up.

        Raises:
            Refused: none is left.
        """
        now = self._clock.monotonic_s()
        left, at = self._left.pop(address, (float(BURST), now))
        left = min(float(BURST), left + (now - at) * PER_SECOND)
        self._left[address] = max(0.0, left - 1), now
        if len(self._left) > ADDRESSES_KEPT:
            self._left.popitem(last=False)
        if left < 1:
            raise Refused(429, "too many acts in a short time", fix="Wait a second and send it again")


class Desk:
    """Sends acts to the log."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._producer: Any = None
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, command: Command) -> None:
        """Return when the broker has it for good.

        Raises:
            Refused: no broker took it in time; sent again, it is still one act.
        """
        value = command.model_dump_json(exclude_none=True).encode()
        try:
            async with asyncio.timeout(SENT_WITHIN_S):
                await (await self._opened()).send_and_wait(COMMANDS, value, key=command.alert_id.encode())
        except (TimeoutError, KafkaError, OSError, HubError) as e:
            if isinstance(e, KafkaError):
                self._discard()
            log.warning("command_not_sent", command_id=command.command_id, error=str(e) or type(e).__name__)
            fix = "Send it again with the same command_id"
            raise Refused(503, "the act could not be recorded: Kafka does not answer", fix=fix) from e
        log.info("command_sent", command_id=command.command_id, alert_id=command.alert_id, kind=command.kind)

    async def close(self) -> None:
        """Close the producers."""
        self._discard()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _discard(self) -> None:
        """The next act gets a new producer: one that has failed for good, as an idempotent one can, stays so."""
        if self._producer is not None:
            closing = asyncio.create_task(asyncio.wait_for(self._producer.stop(), CLOSED_WITHIN_S))
            self._closing.add(closing)
            closing.add_done_callback(self._closed)
            self._producer = None

    def _closed(self, closing: asyncio.Task[None]) -> None:
        self._closing.discard(closing)
        if not closing.cancelled() and (error := closing.exception()) is not None:
            log.info("producer_not_closed", error=str(error) or type(error).__name__)

    async def _opened(self) -> Any:
        async with self._opening:
            if self._producer is None:
                producer = kafka.producer(self._settings, f"{self._settings.application}-room", linger_ms=0)
                await kafka.start(producer, self._settings)
                self._producer = producer
            return self._producer
