"""The embedded InfluxDB: set up once, same port and token, points kept whatever ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from deploy.influx import InfluxAccess, InfluxNode, ensure_buckets, is_healthy, own_access
from streams.errors import StateRefused, Unavailable, WrongSetting
from streams.settings import load
from tests.support.servers import started_influx


@pytest.fixture
async def own_influx(tmp_path: Path) -> AsyncIterator[InfluxNode]:
    node = await started_influx(tmp_path / "influxdb")
    yield node
    await node.stop()


async def _write(access: InfluxAccess, bucket: str, lines: str) -> None:
    async with httpx2.AsyncClient(base_url=access.url, headers=access.headers()) as http:
        where = {"org": access.org, "bucket": bucket, "precision": "s"}
        answer = await http.post("/api/v2/write", params=where, content=lines.encode())
        assert answer.status_code == 204, answer.text


async def _count(access: InfluxAccess, bucket: str) -> str:
    flux = f'from(bucket: "{bucket}") |> range(start: 0) |> group() |> count() |> keep(columns: ["_value"])'
    async with httpx2.AsyncClient(base_url=access.url, headers=access.headers()) as http:
        answer = await http.post("/api/v2/query", params={"org": access.org}, json={"query": flux})
        assert answer.status_code == 200, answer.text
        return answer.text.split()[-1].rpartition(",")[2]


async def test_points_port_and_token_survive_a_kill_and_a_new_start(own_influx: InfluxNode) -> None:
    access = own_influx.access
    for bucket in (access.bucket, access.bucket_exercise):
        await _write(access, bucket, "\n".join(f"m,s=a v={i} {1_700_000_000 + i}" for i in range(50)))
    own_influx.kill()
    assert not await is_healthy(access.url)
    await own_influx.start()
    assert await _count(access, access.bucket) == "50"
    assert await own_influx.stop() == 0  # SIGINT is heeded: a clean end
    assert own_access(own_influx.home, load()) == access
    await own_influx.start()
    assert await _count(access, access.bucket_exercise) == "50"


async def test_its_secrets_are_its_owners_only(own_influx: InfluxNode) -> None:
    assert (own_influx.home / "token").stat().st_mode & 0o777 == 0o600
    assert own_influx.access.token not in repr(own_influx.access)
    assert own_influx.access.token not in " ".join(own_influx.child.command)


async def test_a_folder_set_up_with_another_token_is_refused(own_influx: InfluxNode) -> None:
    await own_influx.stop()
    (own_influx.home / "token").write_text("another\n")
    binary = Path(own_influx.child.command[0])
    other = InfluxNode(own_influx.home, own_access(own_influx.home, load()), binary)
    with pytest.raises(StateRefused, match="another token"):
        await other.start()
    assert not other.child.running


async def test_wrong_access_to_an_existing_one_is_told_by_its_setting(influx: InfluxNode) -> None:
    good = influx.access
    with pytest.raises(WrongSetting, match="INFLUX_TOKEN"):
        await ensure_buckets(InfluxAccess(good.url, "wrong", good.org, good.bucket, good.bucket_exercise))
    with pytest.raises(WrongSetting, match="INFLUX_ORG"):
        await ensure_buckets(InfluxAccess(good.url, good.token, "nobody", good.bucket, good.bucket_exercise))
    with pytest.raises(Unavailable, match="INFLUX_URL"):
        await ensure_buckets(InfluxAccess("http://127.0.0.1:9", good.token, good.org, "a", "b"))
