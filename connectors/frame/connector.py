"""The interface of a connector: what it may be told, and what it gives at each poll.

A connector is a class of one file with a settings model beside it and a row in `catalogue.py`. It knows its source's
format and the contract; schedule, HTTP, publishing, health and restarts are the frame's.
"""

from __future__ import annotations

import tomllib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connectors.frame.upstream import Upstream
from streams.clock import Clock
from streams.contract.sensors import City
from streams.errors import WrongSetting
from streams.settings import config_path


class SourceSettings(BaseSettings):
    """What every source can be told.

    In the environment as `URBANHUB_<SOURCE>_<NAME>` (the prefix stands in each source's own model), or in the settings
    file in `[connectors.<source>]`.
    """

    source: ClassVar[str]
    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Whether `connect all` reads it.")
    every_s: Annotated[float, Field(ge=10, le=86_400)] = Field(
        default=60.0, description="So often it is asked, seconds; a tenth more or less, by chance."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment; `load` adds the file."""
        return env_settings, init_settings

    @classmethod
    def load(cls) -> Self:
        """This source's settings: environment, then the settings file, then the defaults.

        Raises:
            WrongSetting: every wrong one, each with its place, in one message.
        """
        path = config_path()
        try:
            file = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
            raise WrongSetting(f"is not valid TOML: {e}", field=str(path), fix="Mend that line") from e
        connectors = file.get("connectors", {})
        given = connectors.get(cls.source, {}) if isinstance(connectors, dict) else connectors
        if not isinstance(given, dict):
            raise WrongSetting("is no table", field=f"{path}: connectors.{cls.source}", value=given, fix="Make it one")
        try:
            return cls(**given)
        except ValidationError as e:
            lines = [
                f"{cls.model_config['env_prefix']}{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}"
                f" (got {error['input']!r})"
                for error in e.errors(include_url=False)
            ]
            raise WrongSetting(
                "; ".join(lines),
                field=f"settings of {cls.source}",
                fix=f"Mend them in the environment or in {path} [connectors.{cls.source}]",
            ) from None


@dataclass(slots=True)
class Polled:
    """What one poll gave."""

    records: list[BaseModel] = field(default_factory=list)
    """New ones, in the order in which they are to be published."""
    complaints: list[str] = field(default_factory=list)
    """What was wrong in the answer and left out of it, a sentence each."""
    unchanged: bool = False
    """The source said that nothing has changed."""


class Connector(ABC):
    """One source.

    Args:
        settings: its own.
        city: the city that it reads for.
        clock: what time it is.
    """

    name: ClassVar[str]
    topic: ClassVar[str]
    says: ClassVar[str]
    """What it brings, from whom, under which licence: one sentence."""
    settings_model: ClassVar[type[SourceSettings]]

    def __init__(self, settings: Any, city: City, clock: Clock) -> None:
        self.settings, self.city, self.clock = settings, city, clock

    @abstractmethod
    def remember(self, record: BaseModel) -> None:
        """Take note of a record of its topic that the broker has, so that a restart repeats nothing.

        At the start all that the topic still holds, oldest first, also others'; then its own once they are published.
        """

    @abstractmethod
    async def poll(self, upstream: Upstream) -> Polled:
        """Ask the source once.

        Raises:
            SourceFailed: it does not answer, or not with what it should.
        """


def settings_of(connector: type[Connector]) -> Sequence[tuple[str, str, str]]:
    """Variable, value now and meaning of each of its settings, for people.

    Raises:
        WrongSetting: one is wrong.
    """
    model, now = connector.settings_model, connector.settings_model.load()
    return [
        (f"{model.model_config['env_prefix']}{name.upper()}", _told(getattr(now, name)), field.description or "")
        for name, field in model.model_fields.items()
    ]


def _told(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
