"""The compose file is valid by the specification's own validator, holds no secret, and starts what there is."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.influx import InfluxAccess, InfluxNode
from deploy.kafka import node as embedded
from streams.settings import Settings
from tests.support.compose import FILE, SECRET, Refused, model, with_secrets

ROOT = FILE.parents[1]
TEXT = FILE.read_text(encoding="utf-8")
ONE_SHOT = {"topics", "buckets"}
HUB = {"topics", "buckets", "worker", "sink", "room", "exercise"}


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return model(tmp_path_factory.mktemp("compose"), with_secrets(TEXT))


def environment(service: dict[str, Any]) -> dict[str, str]:
    """A service's variables, as the container gets them."""
    return {name: str(value) for name, value in service["environment"].items()}


def test_the_file_is_valid_and_starts_the_whole_hub(compose: dict[str, Any]) -> None:
    assert compose["services"].keys() == {"kafka", "influxdb", "grafana"} | HUB


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("stop_signal: SIGINT", "stop_singal: SIGINT"),
        ("healthcheck: *ready", "helthcheck: *ready"),
        ("condition: service_healthy", "condition: service_helthy"),
        ("retries: 3", "retrys: 3"),
        ("restart: unless-stopped", "restart: [unless-stopped]"),
        ("services:", "servises:"),
    ],
)
def test_a_misspelt_key_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in TEXT

    with pytest.raises(Refused):
        model(tmp_path, with_secrets(TEXT.replace(right, wrong, 1)))


def test_every_service_and_every_volume_that_is_named_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    mounted = {
        each["source"] for service in services for each in service.get("volumes", []) if each["type"] == "volume"
    }

    assert {other for service in services for other in service.get("depends_on", {})} <= compose["services"].keys()
    assert mounted == compose["volumes"].keys()


def test_without_its_secrets_it_is_refused_and_says_where_they_are_set(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"INFLUX_TOKEN is missing a value: set it in deploy/\.env"):
        model(tmp_path, TEXT)


def test_the_file_holds_no_secret_and_the_example_names_each(compose: dict[str, Any]) -> None:
    example = (FILE.parent / "env.example").read_text()
    secrets = {match[1] for match in SECRET.finditer(TEXT)}

    assert (
        secrets
        == set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
        == {
            "INFLUX_TOKEN",
            "INFLUX_PASSWORD",
            "GRAFANA_PASSWORD",
        }
    )
    for name, service in compose["services"].items():
        for variable, value in environment(service).items():
            if re.search("TOKEN|PASSWORD|SECRET", variable):
                assert value.startswith("secret-"), (name, variable)
    ignored = subprocess.run(["git", "check-ignore", "-q", "deploy/.env"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_what_the_example_says_may_be_changed_can_be_changed() -> None:
    example = (FILE.parent / "env.example").read_text()

    offered = dict(re.findall(r"^#(\w+)=(.*)$", example, re.MULTILINE))
    assert offered == dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))


def test_every_image_has_a_version_and_the_hubs_is_built(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name in HUB:
            assert service["image"] == "urbanhub"
            assert service["build"] == {"context": "..", "dockerfile": "deploy/Containerfile"}
        else:
            assert re.search(r":\d+\.\d+", service["image"]), name


def test_every_lasting_service_says_how_it_is_and_comes_back(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name in ONE_SHOT | {"exercise"}:
            assert service["restart"] == "on-failure"
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_the_hub_runs_without_rights_and_writes_only_where_it_may(compose: dict[str, Any]) -> None:
    for name in HUB:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    lines = (FILE.parent / "Containerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER urbanhub"]


def test_topics_and_buckets_are_there_before_anything_needs_them(compose: dict[str, Any]) -> None:
    def needs(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in compose["services"][name]["depends_on"].items()}

    done = "service_completed_successfully"
    assert needs("topics") == {"kafka": "service_healthy"}
    assert needs("buckets") == {"influxdb": "service_healthy"}
    assert needs("worker") == needs("room") == {"topics": done}
    assert needs("sink") == {"topics": done, "buckets": done}
    assert needs("exercise") == {"worker": "service_healthy"}
    assert compose["services"]["exercise"]["profiles"] == ["exercise"]


def test_influxdb_is_stopped_as_it_can_be_stopped(compose: dict[str, Any]) -> None:
    assert compose["services"]["influxdb"]["stop_signal"] == "SIGINT"


def test_nothing_is_reachable_from_other_machines_unless_that_is_set(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert {port["published"] for port in ports} == {"8600", "3000", "29092"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_every_subcommand_is_one_of_the_hubs(compose: dict[str, Any]) -> None:
    commands = {name: compose["services"][name].get("command") or [] for name in HUB}

    assert commands == {
        "topics": ["topics", "apply"],
        "buckets": [],
        "worker": ["worker"],
        "sink": ["sink"],
        "room": ["room"],
        "exercise": ["replay", "typhoon", "--resume"],
    }
    for name, command in commands.items():
        if command:
            words = [word for word in command if word not in ("typhoon", "--resume")]
            said = subprocess.run(
                [sys.executable, "-m", "deploy.cli", *words, "--help"], capture_output=True, text=True, check=False
            )
            assert said.returncode == 0, (name, said.stderr)


def test_every_setting_given_to_the_hub_is_one_that_it_has(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    image = dict(re.findall(r"\b((?:URBANHUB|PYTHON)\w+)=(\S+)", (FILE.parent / "Containerfile").read_text()))
    given = environment(compose["services"]["room"]) | {k: v for k, v in image.items() if k.startswith("URBANHUB_")}
    known = {
        str(field.validation_alias.choices[0]) if field.validation_alias else f"URBANHUB_{name.upper()}"  # type: ignore[union-attr]
        for name, field in Settings.model_fields.items()
    }

    assert given.keys() <= known
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.bootstrap == "kafka:9092"
    assert settings.influx_url == "http://influxdb:8086"
    assert (settings.room_host, settings.metrics_port) == ("0.0.0.0", 9100)
    assert ":9100/readyz" in str(compose["services"]["worker"]["healthcheck"]["test"])
    assert f":{settings.room_port}/readyz" in str(compose["services"]["room"]["healthcheck"]["test"])


def test_kafka_has_the_settings_of_the_embedded_one(compose: dict[str, Any]) -> None:
    own = Path(embedded.__file__).with_name("server.properties").read_text()
    properties = dict(re.findall(r"^([a-z.]+)=(.*)$", own, re.MULTILINE))
    given = environment(compose["services"]["kafka"])

    shared = [
        "auto.create.topics.enable",
        "message.max.bytes",
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        "group.initial.rebalance.delay.ms",
    ]
    for name in shared:
        assert given[f"KAFKA_{name.upper().replace('.', '_')}"] == properties[name]


def test_grafana_finds_its_provisioning_and_what_that_names(compose: dict[str, Any]) -> None:
    grafana = compose["services"]["grafana"]
    mounted = {each["target"]: each for each in grafana["volumes"] if each["type"] == "bind"}

    for each in mounted.values():
        assert each["read_only"] is True
        assert (FILE.parent / each["source"]).is_dir()
    provisioning = FILE.parent / mounted["/etc/grafana/provisioning"]["source"]
    names = set(re.findall(r"\$(\w+)", (provisioning / "datasources" / "influxdb.yaml").read_text()))
    assert names <= environment(grafana).keys()
    [path] = re.findall(r"path: (\S+)", (provisioning / "dashboards" / "city.yaml").read_text())
    assert path in mounted
    home = environment(grafana)["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (FILE.parent / mounted[path]["source"] / Path(home).name).is_file()


def test_the_image_is_made_of_files_that_there_are() -> None:
    text = (FILE.parent / "Containerfile").read_text()
    copied = [
        source for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for source in sources.split()
    ]

    assert "requirements.lock" in copied
    for source in copied:
        assert (ROOT / source).exists(), source
    allowed = re.findall(r"^!(\S+)$", (FILE.parent / "Containerfile.dockerignore").read_text(), re.MULTILINE)
    assert {source.split("/")[0] for source in copied} == set(allowed)


async def test_the_one_shot_service_makes_the_buckets_and_a_second_time_changes_nothing(
    compose: dict[str, Any], influx: InfluxNode, buckets: InfluxAccess
) -> None:
    wanted = replace(buckets, bucket=f"{buckets.bucket}-made", bucket_exercise=f"{buckets.bucket}-made-exercise")
    [_, *arguments] = compose["services"]["buckets"]["entrypoint"]

    async def run(access: InfluxAccess) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=ROOT,
            env={**os.environ, **access.environment()},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        return process.returncode or 0, said.decode()

    assert await run(wanted) == (0, "")
    assert await run(wanted) == (0, "")
    async with httpx2.AsyncClient(base_url=wanted.url, headers=wanted.headers()) as http:
        for name in (wanted.bucket, wanted.bucket_exercise):
            found = (await http.get("/api/v2/buckets", params={"org": wanted.org, "name": name})).json()
            assert len(found["buckets"]) == 1
    code, said = await run(replace(wanted, token="wrong"))
    assert code == 78
    assert "INFLUX_TOKEN" in said
    assert "Traceback" not in said
