"""`urbanhub replay` on a real broker, as a person and a supervisor use it, kills included."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka import KafkaNode
from streams import registry
from streams.clock import SYSTEM_CLOCK
from streams.contract import rejections
from streams.contract.rejections import Reason, Rejection
from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import REJECTED
from streams.kafka import apply_topics
from streams.settings import load
from tests.support.command import Command
from tests.support.log import Follower, Kept
from tests.support.servers import eventually

TOPIC = "readings.disaster"
BEGIN_MS = parse_ms("2022-09-06T00:00:00+09:00")
Replay = Callable[..., Command]


@pytest.fixture
def replay(kafka: KafkaNode, tmp_path: Path) -> Replay:
    return lambda *arguments: Command(
        tmp_path / "runs", "replay", *map(str, arguments), KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap
    )


@pytest.fixture
def storm(tmp_path: Path) -> Path:
    """2,000 readings of ten gauges, one a second, compressed; its name is this test's own."""
    path = tmp_path / f"{re.sub('[^a-z0-9]', '', str(tmp_path.name))[:30]}-storm.ndjson.gz"
    path.write_bytes(gzip.compress("".join(f"{json.dumps(envelope(n))}\n" for n in range(2000)).encode()))
    return path


def envelope(number: int) -> dict[str, Any]:
    at_ms = BEGIN_MS + number * 1000
    value = {"sensor_id": f"rain-{number % 10}", "observed_at": format_ms(at_ms), "rainfall_mm": number / 10}
    return {"topic": TOPIC, "at": format_ms(at_ms + 500), "value": value}


def number_of(value: dict[str, Any]) -> int:
    return round(value["rainfall_mm"] * 10)


class Arrived:
    """What of a recording has arrived, by exercise."""

    def __init__(self, follower: Follower, path: Path) -> None:
        self._follower, self._name = follower, path.name.split(".")[0]

    async def more(self) -> None:
        await self._follower.more()

    @property
    def exercises(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for record in self._follower.of(TOPIC):
            exercise = record.json.get("exercise", "")
            if exercise.startswith(self._name):
                found.setdefault(exercise, []).append(record.json)
        return found

    @property
    def only(self) -> list[dict[str, Any]]:
        """The values of the one exercise that there is."""
        [values] = self.exercises.values()
        return values

    async def at_least(self, count: int) -> None:
        async def there() -> bool:
            await self.more()
            return sum(map(len, self.exercises.values())) >= count

        await eventually(there, f"{count} records", 60)

    async def all(self) -> None:
        await self._follower.to_end()


def kept_state(command: Command) -> dict[str, Any]:
    [path] = (command.data_dir / "replay").glob("*.json")
    state: dict[str, Any] = json.loads(path.read_text())
    return state


async def test_at_speed_0_everything_arrives_at_once_in_order(replay: Replay, storm: Path, kafka: KafkaNode) -> None:
    run = replay(storm, "--speed", "0")

    assert await run.ended() == 0, run.said
    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, storm)
        await arrived.at_least(2000)
        await arrived.all()
    assert sorted(map(number_of, arrived.only)) == list(range(2000))
    for gauge in range(10):
        numbers = [number_of(value) for value in arrived.only if value["sensor_id"] == f"rain-{gauge}"]
        assert numbers == sorted(numbers)
    assert "2,000 records sent" in run.said and kept_state(run)["finished"]
    [exercise] = arrived.exercises
    assert re.fullmatch(storm.name.split(".")[0] + r"-\d{8}T\d{6}Z", exercise)


async def test_a_killed_replay_goes_on_with_its_own_exercise_without_a_gap(
    replay: Replay, storm: Path, kafka: KafkaNode
) -> None:
    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, storm)
        for at_least in (300, 900):
            run = replay(storm, "--resume", "--speed", "200")
            await arrived.at_least(at_least)
            run.signal(signal.SIGKILL)
            assert await run.ended() == -9
        run = replay(storm, "--resume", "--speed", "0")
        assert await run.ended() == 0, run.said
        await arrived.at_least(2000)
        await arrived.all()

    by_number: dict[int, list[dict[str, Any]]] = {}
    for value in arrived.only:
        by_number.setdefault(number_of(value), []).append(value)
    assert sorted(by_number) == list(range(2000))
    assert all(value == values[0] for values in by_number.values() for value in values)  # duplicates by identity
    repeated = len(arrived.only) - 2000
    assert repeated < 2 * 200 * 5  # what was sent in the second between two places kept, and a slow machine's pauses


async def test_the_moved_times_of_a_killed_replay_stay_the_same(replay: Replay, storm: Path, kafka: KafkaNode) -> None:
    before_ms = SYSTEM_CLOCK.now_ms()
    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, storm)
        run = replay(storm, "--rebase", "--speed", "100")
        await arrived.at_least(1)
        run.signal(signal.SIGKILL)  # before a place was kept for the first time
        await run.ended()
        after_ms = SYSTEM_CLOCK.now_ms()
        run = replay(storm, "--resume", "--speed", "0")
        assert await run.ended() == 0, run.said
        await arrived.at_least(2000)
        await arrived.all()

    shifts = {parse_ms(value["observed_at"]) - (BEGIN_MS + number_of(value) * 1000) for value in arrived.only}
    [shift_ms] = shifts
    assert before_ms <= BEGIN_MS + 500 + shift_ms <= after_ms  # the first record arrives now


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_stopped_replay_keeps_its_place_and_repeats_nothing(
    replay: Replay, storm: Path, kafka: KafkaNode, number: signal.Signals, code: int
) -> None:
    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, storm)
        run = replay(storm, "--speed", "200")
        await arrived.at_least(200)
        run.signal(number)
        assert await run.ended() == code
        assert "stopped before the end" in run.said and "--resume goes on" in run.said
        assert "Traceback" not in run.said
        await arrived.all()
        assert kept_state(run)["position"] == len(arrived.only) < 2000
        run = replay(storm, "--resume", "--speed", "0")
        assert await run.ended() == 0, run.said
        await arrived.at_least(2000)
        await arrived.all()

    assert sorted(map(number_of, arrived.only)) == list(range(2000))


async def test_each_lap_of_a_loop_is_a_new_exercise(replay: Replay, tmp_path: Path, kafka: KafkaNode) -> None:
    path = tmp_path / f"{tmp_path.name}-lap.ndjson"
    path.write_text("".join(f"{json.dumps(envelope(n))}\n" for n in range(50)))
    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, path)
        run = replay(path, "--loop", "--speed", "0")
        await arrived.at_least(150)
        run.signal(signal.SIGINT)
        assert await run.ended() == 130
        await arrived.all()

    laps = [sorted(map(number_of, values)) for values in arrived.exercises.values()]
    assert len(laps) >= 3 and all(lap == list(range(50)) for lap in laps)
    assert len(list((run.data_dir / "replay").glob("*.json"))) == len(laps)


async def test_a_recording_keeps_its_pace(replay: Replay, storm: Path, kafka: KafkaNode) -> None:
    run = replay(storm, "--speed", "100")  # 1,999 s in 20 s
    begun_s = SYSTEM_CLOCK.monotonic_s()
    assert await run.ended() == 0, run.said
    assert SYSTEM_CLOCK.monotonic_s() - begun_s > 19.5

    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, storm)
        await arrived.at_least(2000)
    assert sorted(map(number_of, arrived.only)) == list(range(2000))


async def test_two_processes_do_not_play_one_exercise(replay: Replay, storm: Path) -> None:
    first = replay(storm, "--exercise", f"{storm.name[:30]}-drill", "--speed", "1")
    await eventually(lambda: "replay_begun" in first.said, "the first plays")

    second = replay(storm, "--exercise", f"{storm.name[:30]}-drill")

    assert await second.ended() == 75
    assert "another process plays this exercise now" in second.said and "Traceback" not in second.said
    first.signal(signal.SIGTERM)
    assert await first.ended() == 143


async def test_as_reality_a_record_has_no_exercise(replay: Replay, tmp_path: Path, kafka: KafkaNode) -> None:
    path = tmp_path / "real.csv"
    path.write_text(f"sensor_id,observed_at,rainfall_mm\n{tmp_path.name},{format_ms(BEGIN_MS)},1.5\n")

    run = replay(path, "--real", "--speed", "0")

    assert await run.ended() == 0, run.said
    found: list[Kept] = []
    async with Follower(kafka.bootstrap, TOPIC) as follower:

        async def there() -> bool:
            await follower.more()
            found[:] = [r for r in follower.records if r.key == tmp_path.name.encode()]
            return bool(found)

        await eventually(there, "the record")
    assert found[0].json == {
        "sensor_id": tmp_path.name,
        "observed_at": "2022-09-05T15:00:00.000Z",
        "rainfall_mm": 1.5,
    }


async def test_wrong_lines_are_named_and_skipped_or_end_a_strict_replay(
    replay: Replay, tmp_path: Path, kafka: KafkaNode
) -> None:
    path = tmp_path / f"{tmp_path.name}-wrong.ndjson"
    good = [json.dumps(envelope(n)) for n in range(5)]
    path.write_text("\n".join([*good[:2], "nonsense", *good[2:], '{"sensor_id": "x"}']))

    run = replay(path, "--speed", "0")
    assert await run.ended() == 0
    assert "5 records sent" in run.said and "2 wrong ones skipped" in run.said
    assert f"{path.name}:3: is not JSON" in run.said and f"{path.name}:7: topic" in run.said

    strict = replay(path, "--speed", "0", "--strict", "--exercise", f"{tmp_path.name}-wrong-strict")
    assert await strict.ended() == 64
    assert strict.said.splitlines()[-1].startswith(f"urbanhub: {path}:3: is not JSON")
    async with Follower(kafka.bootstrap, TOPIC) as follower:
        arrived = Arrived(follower, path)
        await arrived.at_least(7)
        await arrived.all()
    # two sensors, two partitions: in whichever order they are read
    assert sorted(map(number_of, arrived.exercises[f"{tmp_path.name}-wrong-strict"])) == [0, 1]


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"")])
async def test_a_file_without_records_is_told(replay: Replay, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("empty.ndjson.gz" if content[:2] == b"\x1f\x8b" else "empty.ndjson")
    path.write_bytes(content)

    run = replay(path)

    assert await run.ended() == 64
    assert "has no records" in run.said and "Traceback" not in run.said


async def test_a_full_disk_is_told_not_thrown(storm: Path, kafka: KafkaNode, tmp_path: Path) -> None:
    (tmp_path / "runs" / "data").mkdir(parents=True)
    (tmp_path / "runs" / "data" / "replay").write_text("a file where a folder should be")

    run = Command(tmp_path / "runs", "replay", str(storm), KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap)

    assert await run.ended() == 74
    assert "the folder can't be written" in run.said and "Traceback" not in run.said


# dead letters, on a broker of their own: every one of them counts


@pytest.fixture
async def rejecting(own_kafka: KafkaNode, tmp_path: Path) -> Replay:
    """`urbanhub replay` on a broker of this test alone, with seeds of its own."""
    seeds = tmp_path / "seeds"
    shutil.copytree(load().seeds, seeds)
    await apply_topics(load().model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap}))
    env = {"KAFKA_BOOTSTRAP_SERVERS": own_kafka.bootstrap, "URBANHUB_SEEDS": str(seeds)}
    return lambda *arguments: Command(tmp_path / "runs", "replay", *arguments, **env)


async def refuse(node: KafkaNode, *letters: tuple[Reason, str, bytes]) -> None:
    """Dead letters as the hub writes them: reason, topic, bytes as received."""
    async with AIOKafkaProducer(bootstrap_servers=node.bootstrap) as producer:
        for offset, (reason, topic, value) in enumerate(letters):
            headers = rejections.headers(Rejection(reason, "", "why"), topic, 0, offset, format_ms(BEGIN_MS))
            await producer.send_and_wait(REJECTED, value, key=b"key", headers=headers)


def reading(sensor_id: str) -> bytes:
    value = {"sensor_id": sensor_id, "observed_at": format_ms(BEGIN_MS), "rainfall_mm": 1.5}
    return json.dumps(value).encode()


async def arrived_at(node: KafkaNode, *topics: str) -> list[tuple[str, bytes]]:
    async with Follower(node.bootstrap, *topics) as follower:
        return [(record.topic, record.value) for record in await follower.to_end()]


async def test_dead_letters_are_sent_again_once_when_their_sensor_is_registered(
    own_kafka: KafkaNode, rejecting: Replay, tmp_path: Path
) -> None:
    known = next(iter(registry.load(load().seeds).sensors))
    await refuse(
        own_kafka,
        ("unknown_sensor", TOPIC, reading(known)),
        ("unknown_sensor", TOPIC, reading("gauge-new")),
        ("malformed", TOPIC, reading(known)),
        ("unknown_sensor", "windows.disaster", reading(known)),
        ("unknown_sensor", "readings.traffic", reading(known)),
        ("unknown_sensor", TOPIC, b"{torn"),
    )

    first = rejecting("--rejected", "unknown_sensor", "--topic", TOPIC)
    assert await first.ended() == 0, first.said
    assert "1 dead letters of unknown_sensor sent again, 0 had been before, 2 name a sensor" in first.said
    assert await arrived_at(own_kafka, TOPIC, "readings.traffic") == [(TOPIC, reading(known))]

    path = tmp_path / "seeds" / "sensors" / "rivers.toml"
    text = path.read_text()
    one = text[text.index("[[sensors]]") :].split("[[sensors]]")[1]
    path.write_text(text + "\n[[sensors]]" + re.sub(r'sensor_id = "[^"]*"', 'sensor_id = "gauge-new"', one, count=1))
    second = rejecting("--rejected", "unknown_sensor")
    assert await second.ended() == 0, second.said
    assert "2 dead letters of unknown_sensor sent again, 1 had been before, 1 name a sensor" in second.said

    third = rejecting("--rejected", "unknown_sensor")
    assert await third.ended() == 0, third.said
    assert "0 dead letters of unknown_sensor sent again, 3 had been before, 1 name a sensor" in third.said
    assert sorted(await arrived_at(own_kafka, TOPIC, "readings.traffic")) == sorted(
        [(TOPIC, reading(known)), (TOPIC, reading("gauge-new")), ("readings.traffic", reading(known))]
    )


async def test_dead_letters_of_another_reason_need_no_registry(own_kafka: KafkaNode, rejecting: Replay) -> None:
    await refuse(own_kafka, ("future", TOPIC, reading("anyone")), ("late", TOPIC, reading("anyone")))

    run = rejecting("--rejected", "future")

    assert await run.ended() == 0, run.said
    assert "1 dead letters of future sent again, 0 had been before" in run.said
    assert await arrived_at(own_kafka, TOPIC) == [(TOPIC, reading("anyone"))]


async def test_without_the_topics_dead_letters_are_told_what_is_missing(own_kafka: KafkaNode, tmp_path: Path) -> None:
    run = Command(tmp_path / "runs", "replay", "--rejected", "future", KAFKA_BOOTSTRAP_SERVERS=own_kafka.bootstrap)

    assert await run.ended() == 69
    assert (
        "urbanhub: topic: the topic is not on the broker (got 'readings.rejected'). Run urbanhub topics apply"
        in run.said
    )
