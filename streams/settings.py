"""Every setting of every process: environment, then one TOML file, then the default.

The file is `urbanhub.toml` in the working folder, or what `URBANHUB_CONFIG` names. Every wrong setting is told at once.
"""

from __future__ import annotations

import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from streams.contract.topics import DEFAULT_PARTITIONS
from streams.errors import WrongSetting

PORT = Annotated[int, Field(ge=0, le=65_535)]


def _env(name: str) -> Any:
    """A setting whose variable has no prefix because the whole field calls it so."""
    return AliasChoices(name, name.lower())


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "urbanhub"


def _default_seeds() -> Path:
    beside = Path(__file__).parent / "seeds"
    return beside if beside.is_dir() else Path(__file__).parent.parent / "seeds"


class Settings(BaseSettings):
    """All settings; each can stand in the environment as `URBANHUB_<NAME>` unless it says another name."""

    model_config = SettingsConfigDict(
        env_prefix="URBANHUB_", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    kafka_bootstrap_servers: str | None = Field(
        default=None,
        validation_alias=_env("KAFKA_BOOTSTRAP_SERVERS"),
        description="host:port,… of an existing cluster; `up` runs one of its own without it.",
    )
    kafka_security_protocol: str = Field(
        default="PLAINTEXT",
        validation_alias=_env("KAFKA_SECURITY_PROTOCOL"),
        pattern="^(PLAINTEXT|SSL|SASL_SSL)$",
    )
    kafka_sasl_mechanism: str = Field(
        default="SCRAM-SHA-512",
        validation_alias=_env("KAFKA_SASL_MECHANISM"),
        pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$",
    )
    kafka_username: str | None = Field(default=None, validation_alias=_env("KAFKA_USERNAME"))
    kafka_password: SecretStr | None = Field(default=None, validation_alias=_env("KAFKA_PASSWORD"))
    kafka_ssl_ca: Path | None = Field(default=None, validation_alias=_env("KAFKA_SSL_CA"))
    application: str = Field(
        default="urbanhub",
        pattern="^[A-Za-z0-9._-]{1,48}$",
        description="Names consumer groups, producers and checkpoints.",
    )
    partitions: Annotated[int, Field(ge=1, le=64)] = DEFAULT_PARTITIONS
    replication: Annotated[int, Field(ge=1, le=9)] = 1

    influx_url: str | None = Field(default=None, validation_alias=_env("INFLUX_URL"), pattern="^https?://.+")
    influx_token: SecretStr | None = Field(default=None, validation_alias=_env("INFLUX_TOKEN"))
    influx_org: str = Field(default="pohang", validation_alias=_env("INFLUX_ORG"))
    influx_bucket: str = Field(default="city", validation_alias=_env("INFLUX_BUCKET"))
    influx_bucket_exercise: str = Field(default="city-exercise", validation_alias=_env("INFLUX_BUCKET_EXERCISE"))

    seeds: Path = Field(default_factory=_default_seeds, description="The folder that makes this hub a city's.")
    data_dir: Path = Field(
        default_factory=_default_data_dir, description="Where the embedded servers keep their state."
    )
    room_host: str = "127.0.0.1"
    room_port: PORT = 8600
    metrics_host: str = "127.0.0.1"
    metrics_port: PORT = Field(
        default=0, description="Where a process serves /metrics, /healthz, /readyz; 0 = a free one."
    )
    log_format: str = Field(default="auto", pattern="^(auto|console|json)$")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    worker_name: str | None = Field(
        default=None,
        pattern="^[A-Za-z0-9._-]{1,64}$",
        description="Of this worker alone. Killed and started again under it, it goes on at once, without waiting for its "
        "former session's end; stopped for good, its partitions move only after that.",
    )
    commit_interval_s: Annotated[float, Field(gt=0, le=60)] = 0.5
    checkpoint_interval_s: Annotated[float, Field(gt=0, le=600)] = 2.0
    session_timeout_s: Annotated[float, Field(ge=6, le=300)] = 10.0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())

    @cached_property
    def bootstrap(self) -> str:
        """The Kafka servers that a process other than `up` must have.

        Raises:
            WrongSetting: none are set.
        """
        if not self.kafka_bootstrap_servers:
            raise WrongSetting(
                "no Kafka servers are set",
                field="KAFKA_BOOTSTRAP_SERVERS",
                fix="Set it to host:port, or start the whole hub with ./deploy/up",
            )
        return self.kafka_bootstrap_servers


def config_path() -> Path:
    """The settings file; it need not exist unless `URBANHUB_CONFIG` names it."""
    return Path(os.environ.get("URBANHUB_CONFIG") or "urbanhub.toml")


def load(**given: Any) -> Settings:
    """The settings of this process.

    Args:
        given: settings from the command line; None is no setting.

    Raises:
        WrongSetting: every wrong setting, each with its place, in one message.
    """
    named = os.environ.get("URBANHUB_CONFIG")
    if named and not Path(named).is_file():
        raise WrongSetting(
            "the settings file is not there",
            field="URBANHUB_CONFIG",
            value=named,
            fix="Create it or unset it",
        )
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None})
    except tomllib.TOMLDecodeError as e:
        raise WrongSetting(f"is not valid TOML: {e}", field=str(config_path()), fix="Mend that line") from e
    except ValidationError as e:
        lines = [_told(error) for error in e.errors(include_url=False)]
        raise WrongSetting(
            "; ".join(lines), field="settings", fix="Mend them in the environment or in " + str(config_path())
        ) from None


def _told(error: Any) -> str:
    place = str(error["loc"][0])
    field = Settings.model_fields.get(place.lower())
    variable = place.upper() if field is None or field.validation_alias else f"URBANHUB_{place.upper()}"
    secret = "token" in place.lower() or "password" in place.lower()
    value = "" if secret else f" (got {error['input']!r})"
    return f"{variable}: {error['msg']}{value}"
