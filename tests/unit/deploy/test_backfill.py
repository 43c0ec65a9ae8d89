"""History from files: its windows are those of the slow way, whatever the order, wherever it is cut; nothing else is sent."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.replay.progress import Lines
from connectors.stopping import Stop
from deploy.backfill import backfill, spool, windows
from deploy.backfill.backfill import Backfill
from deploy.backfill.kept import Kept, Progress
from deploy.backfill.spool import Sorter
from streams.contract.times import format_ms, parse_ms
from streams.engine.outputs import Plain
from streams.errors import Occupied, StateRefused, Unavailable, WrongInput
from streams.settings import load
from tests.support.clock import StillClock
from tests.support.storm_city import write_storm_seeds

BEGIN_MS = parse_ms("2021-03-01T00:00:00+09:00")
DAY_MS = 86_400_000
FIRST_MS = {60: 0, 600: 0, 3600: 0, 10_800: 0, 43_200: 15 * 3_600_000, 86_400: 15 * 3_600_000}
"""A start of one window of each length; of the longest two, midnight in Korea."""
SENSORS = {"rain-1": "rainfall_mm", "river-1": "water_level_m", "air-1": "pm10_ugm3", "road-1": "speed_kmh"}

Key = tuple[str, str, int, int]


class Crash(Exception):
    """The process is gone."""


class Published:
    """What readers of the topics have; stands in for the producer."""

    def __init__(self, crash_after: int | None = None) -> None:
        self.windows: dict[Key, dict[str, Any]] = {}
        self.sent = 0
        self._left = crash_after

    async def __aenter__(self) -> Published:
        return self

    async def __aexit__(self, *why: object) -> None:
        return None

    async def send(self, topic: str, partition: int, windows: Plain) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Crash
        assert topic.startswith("windows.")
        for name, value in zip(*windows, strict=True):
            window = json.loads(value)
            assert name == window["sensor_id"].encode()
            key = window["sensor_id"], window["measure"], window["window_s"], parse_ms(window["start"])
            assert self.windows.setdefault(key, window) == window, "what is repeated says the same"
            self.sent += 1

    async def flush(self) -> None:
        return None


class City:
    """Runs backfills, one after another, on one data folder."""

    def __init__(self, seeds: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = load(data_dir=data).model_copy(update={"seeds": seeds})
        self.clock = StillClock("2022-09-05T15:00:00Z")
        self._patch = monkeypatch

    def kept(self, *files: Path) -> Kept:
        return Kept(self.settings.data_dir, files, None, self.settings.partitions)

    def run(self, published: Published, *files: Path, stop: Stop | None = None) -> tuple[Progress, bool]:
        """Go over the files, as far as it comes."""
        self._patch.setattr(backfill, "Publication", lambda _: published)
        kept = self.kept(*files)
        with kept.held() as progress:
            stage = Backfill(kept, progress, self.settings, self.clock, stop or Stop(), Lines(self.clock))
            ended = asyncio.run(stage.run(None))
            if ended:
                kept.forget()
        return progress, ended


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_storm_seeds(tmp_path_factory.mktemp("storm"))


@pytest.fixture
def city(seeds: Path, tmp_path: Path) -> Iterator[City]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "STEP_RECORDS", 7)
        patch.setattr(windows, "SAVE_S", 0.0)
        yield City(seeds, tmp_path / "data", patch)


def reading(sensor_id: str, at_ms: int, value: float, **more: Any) -> dict[str, Any]:
    return {"sensor_id": sensor_id, "observed_at": format_ms(at_ms), SENSORS[sensor_id]: value, **more}


def written(path: Path, readings: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(r)}\n" for r in readings))
    return path


def naive(readings: Sequence[dict[str, Any]]) -> dict[Key, tuple[float, ...]]:
    """Count, sum, min, max, last of every window, from whole lists of values; of a value told twice the first stays."""
    values: dict[tuple[str, str, int], float] = {}
    ends: dict[tuple[str, str, int], int] = {}
    for one in readings:
        measure, at_ms = SENSORS[one["sensor_id"]], parse_ms(one["observed_at"])
        if one.get("quality") != "suspect":
            values.setdefault((one["sensor_id"], measure, at_ms), one[measure])
            ends.setdefault((one["sensor_id"], measure, at_ms), at_ms - bool(one.get("period_s")))
    inside: dict[Key, list[tuple[int, float]]] = {}
    for (sensor_id, measure, at_ms), value in values.items():
        for length_s, first_ms in FIRST_MS.items():
            start = ends[sensor_id, measure, at_ms] - (ends[sensor_id, measure, at_ms] - first_ms) % (length_s * 1000)
            inside.setdefault((sensor_id, measure, length_s, start), []).append((at_ms, value))
    return {key: aggregates(found) for key, found in inside.items()}


def aggregates(found: list[tuple[int, float]]) -> tuple[float, ...]:
    values = [value for _, value in found]
    return len(values), sum(round(v * 10) for v in values) / 10, min(values), max(values), max(found)[1]


def told(published: Published) -> dict[Key, tuple[float, ...]]:
    for window in published.windows.values():
        assert (window["final"], window["revision"]) == (True, 0)
        assert "exercise" not in window
    names = ("count", "sum", "min", "max", "last")
    return {key: tuple(window[name] for name in names) for key, window in published.windows.items()}


def years_ago(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Readings of two days, shuffled; some twice, some suspect, the air's hourly means with their period."""
    chance = random.Random(seed)
    readings = []
    for _ in range(count):
        sensor_id = chance.choice(sorted(SENSORS))
        at_ms = BEGIN_MS + chance.randrange(0, 2 * DAY_MS, 20_000)
        more: dict[str, Any] = {"quality": "suspect"} if chance.random() < 0.05 else {}
        if sensor_id == "air-1":
            at_ms, more["period_s"] = at_ms - at_ms % 3_600_000, 3600
        readings.append(reading(sensor_id, at_ms, chance.randrange(300) / 10, **more))
        if chance.random() < 0.1:
            readings.append(dict(chance.choice(readings)))
    return readings


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10_000), count=st.integers(1, 120), files=st.integers(1, 3), run_bytes=st.sampled_from([1, 900])
)
def test_the_windows_of_files_in_any_order_are_those_of_the_slow_way(
    city: City, tmp_path: Path, seed: int, count: int, files: int, run_bytes: int
) -> None:
    readings = years_ago(count, seed)
    share = -(-len(readings) // files)
    paths = [
        written(tmp_path / f"{i}.ndjson", readings[i * share : (i + 1) * share])
        for i in range(files)
        if readings[i * share : (i + 1) * share]
    ]
    published = Published()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "RUN_BYTES", run_bytes)
        progress, ended = city.run(published, *paths)

    assert ended
    assert told(published) == naive(readings)
    assert sum(progress.total("values").values()) == len(readings)
    assert not progress.total("refused")
    assert not list((city.settings.data_dir / "backfill").iterdir()), "what was laid down is gone"


@pytest.mark.parametrize("crash_after", [0, 1, 4, 9, 15])
def test_a_run_that_was_killed_goes_on_and_nothing_is_missing(city: City, tmp_path: Path, crash_after: int) -> None:
    readings = years_ago(200)
    path = written(tmp_path / "two-days.ndjson", readings)
    cut, rest = Published(crash_after), Published()

    with pytest.raises(Crash):
        city.run(cut, path)
    _, ended = city.run(rest, path)

    assert ended
    assert [key for key in cut.windows if rest.windows.get(key, cut.windows[key]) != cut.windows[key]] == []
    rest.windows |= cut.windows
    assert told(rest) == naive(readings)
    if crash_after > 4:
        whole = len(naive(readings))
        assert rest.sent < whole, "it does not begin anew"


def test_a_run_that_was_stopped_goes_on(city: City, tmp_path: Path) -> None:
    readings = years_ago(150)
    path = written(tmp_path / "two-days.ndjson", readings)
    stop, published = Stop(), Published()
    stop.ask(signal.SIGINT)
    progress, ended = city.run(published, path, stop=stop)
    assert (ended, progress.laid, published.sent) == (False, [], 0), "asked while it reads"
    with pytest.raises(Crash):
        city.run(Published(0), path)
    sent = [published.sent]
    for _ in range(3):
        assert city.run(published, path, stop=stop)[1] is False, "asked while it publishes"
        sent.append(published.sent)
    assert sent == sorted(sent) and sent[-1] > 0
    progress, ended = city.run(published, path)
    assert ended
    assert told(published) == naive(readings)
    assert progress.total("values")["windowed"] == sum(n for (*_, s, _), (n, *_) in naive(readings).items() if s == 60)


def test_a_repeat_behind_the_cut_counts_once_all_the_same(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = [reading("rain-1", BEGIN_MS + i * 1000, 1) for i in range(windows.STEP_RECORDS)]
    readings.append(readings[-1])
    path, stop, published = written(tmp_path / "minute.ndjson", readings), Stop(), Published()
    with monkeypatch.context() as patch:
        patch.setattr(windows, "SAVE_S", 1e9)
        with pytest.raises(Crash):
            city.run(Published(0), path)
    stop.ask(signal.SIGINT)
    assert city.run(published, path, stop=stop)[1] is False, "cut between the value and its repeat"
    progress, _ = city.run(published, path)
    assert told(published) == naive(readings)
    assert progress.total("values")["duplicate"] == 1


def test_a_file_that_was_read_is_not_read_again(city: City, tmp_path: Path) -> None:
    readings = years_ago(40)
    path = written(tmp_path / "a.ndjson", readings)
    with pytest.raises(Crash):
        city.run(Published(0), path)
    with city.kept(path).held() as progress:
        assert len(progress.laid) == 1
    path.touch()  # another file by its time: nothing that was laid down is taken for it
    with city.kept(path).held() as progress:
        assert progress.laid == []


def test_what_would_raise_an_alert_raises_none(city: City, tmp_path: Path) -> None:
    # 30 mm in an hour is the city's advisory, 3 m its river's alert
    readings = [reading("rain-1", BEGIN_MS + i * 60_000, 20) for i in range(90)]
    readings += [reading("river-1", BEGIN_MS + i * 600_000, 3.5) for i in range(9)]
    published = Published()  # takes nothing but windows
    city.run(published, written(tmp_path / "storm.ndjson", readings))
    assert told(published) == naive(readings)


def test_csv_and_packed_files_are_history_too(city: City, tmp_path: Path) -> None:
    table = tmp_path / "rain.csv"
    table.write_text("sensor_id,observed_at,rainfall_mm\nrain-1,2021-03-01T00:00:30+09:00,1.5\n")
    packed = tmp_path / "river.ndjson.gz"
    packed.write_bytes(gzip.compress(json.dumps(reading("river-1", BEGIN_MS, 2.5)).encode()))
    published = Published()
    city.run(published, table, packed)
    assert told(published) == naive([reading("rain-1", BEGIN_MS + 30_000, 1.5), reading("river-1", BEGIN_MS, 2.5)])


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (reading("rain-1", BEGIN_MS, 1, exercise="typhoon-1"), "exercise: belongs to an exercise"),
        (reading("rain-1", parse_ms("2022-09-04T15:00:00.001Z"), 1), "observed_at: is of the last 24 hours"),
        ({"topic": "readings.disaster", "value": {"sensor_id": "rain-1", "rainfall_mm": 1}}, "observed_at: is no time"),
        ({"topic": "readings.disaster", "raw": "\x00"}, "topic: is no reading"),
        ({"topic": "alerts.commands", "value": {"command_id": "1"}}, "topic: is no reading"),
        ({"topic": "readings.disaster", "value": {"observed_at": "2021-03-01T00:00:00Z"}}, "sensor_id: is missing"),
        ("not json", "is not a JSON object"),
    ],
)
def test_what_is_no_history_is_told_with_its_place_and_left_out(
    city: City, tmp_path: Path, record: Any, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = reading("rain-1", parse_ms("2022-09-04T15:00:00Z"), 1)
    published = Published()
    path = written(tmp_path / "mixed.ndjson", [good, record])
    progress, _ = city.run(published, path)
    assert told(published) == naive([good])
    assert [laid.wrong for laid in progress.laid] == [1]
    said = capsys.readouterr()
    assert says in said.out + said.err
    assert str(path) in said.out + said.err


def test_a_sensor_that_nobody_knows_is_counted(city: City, tmp_path: Path) -> None:
    known, unknown = reading("rain-1", BEGIN_MS, 1), reading("rain-1", BEGIN_MS, 1) | {"sensor_id": "nobody"}
    progress, _ = city.run(Published(), written(tmp_path / "a.ndjson", [known, unknown]))
    assert (progress.total("values")["rejected"], progress.total("refused")["unknown_sensor"]) == (1, 1)


def test_files_without_history_are_refused(city: City, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="holds no reading of history"):
        city.run(Published(), written(tmp_path / "young.ndjson", [reading("rain-1", city.clock.now_ms(), 1)]))


def test_two_at_once_on_the_same_files_are_refused(city: City, tmp_path: Path) -> None:
    path = written(tmp_path / "a.ndjson", [reading("rain-1", BEGIN_MS, 1)])
    with city.kept(path).held(), pytest.raises(Occupied):
        city.run(Published(), path)


def test_a_state_of_another_version_is_refused_with_what_to_remove(city: City, tmp_path: Path) -> None:
    path = written(tmp_path / "a.ndjson", years_ago(100))
    with pytest.raises(Crash):
        city.run(Published(6), path)
    kept = city.kept(path)
    states = list(kept.folder.glob("*.state"))
    assert states
    for state in states:
        state.write_bytes(b"of another time")
    with pytest.raises(StateRefused, match="damaged") as e:
        city.run(Published(), path)
    assert str(kept.folder) in e.value.fix
    shutil.rmtree(kept.folder)
    assert city.run(Published(), path)[1]


def test_disorder_that_cannot_be_merged_at_once_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "RUN_BYTES", 1)
    monkeypatch.setattr(spool, "MOST_CHAINS", 3)
    shard = backfill.Shard("readings.disaster", 0)

    def laid(times: Sequence[int]) -> list[int]:
        sorter = Sorter(tmp_path, 0)
        for at in times:
            sorter.add(backfill.Reading(shard, at, b"x"))
        return [at for at, _ in spool.in_order(tmp_path, sorter.finish())]

    assert laid([1, 2, 3, 4, 5, 6]) == [1, 2, 3, 4, 5, 6], "what is in order is one stretch"
    assert laid([5, 6, 3, 4, 1, 2]) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(WrongInput, match="4 stretches of time that overlap"):
        laid([4, 3, 2, 1])


def test_a_broker_that_fails_ends_it_with_what_to_do() -> None:
    from aiokafka.errors import KafkaTimeoutError

    from deploy.backfill.publication import Publication

    async def failing() -> None:
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent.set_exception(KafkaTimeoutError())
        await Publication._acknowledged(sent)

    with pytest.raises(Unavailable, match="it goes on"):
        asyncio.run(failing())
