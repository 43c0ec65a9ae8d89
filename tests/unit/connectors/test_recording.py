"""A recording's records, as they stand; a wrong line is named by its place and harms no other."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.replay.envelope import outgoing
from connectors.replay.recording import LONGEST_LINE_BYTES, Record, Recording, Wrong, find_recording
from streams.contract.times import parse_ms
from streams.errors import WrongInput, WrongSeed

RAIN = {"sensor_id": "rain-1", "observed_at": "2022-09-06T01:00:00+09:00", "rainfall_mm": 1.5}
AT = "2022-09-06T01:00:02+09:00"


def read(name: str, content: bytes | str, begin: int = 0, topic: str | None = None) -> list[Record | Wrong]:
    packed = content.encode() if isinstance(content, str) else content
    recording = Recording(Path(name), "test", topic=topic)
    return list(recording.records(io.BytesIO(packed), begin))


def only_wrong(name: str, content: bytes | str) -> str:
    [wrong] = read(name, content)
    assert isinstance(wrong, Wrong), wrong
    return str(wrong.error)


def line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def test_an_envelope_says_topic_arrival_and_value() -> None:
    [record] = read("a.ndjson", line({"topic": "readings.disaster", "at": AT, "value": RAIN}))

    assert record == Record(0, "readings.disaster", parse_ms(AT), RAIN)


def test_a_scenario_s_wrong_values_are_played_as_they_arrived() -> None:
    wrong = {"sensor_id": "rain-1", "rainfall_mm": "viel"}
    [record, raw] = read(
        "a.ndjson",
        line({"topic": "readings.disaster", "at": AT, "value": wrong})
        + line({"topic": "readings.disaster", "at": AT, "raw": "{torn"}),
    )

    assert isinstance(record, Record) and record.value == wrong
    assert isinstance(raw, Record) and (raw.value, raw.raw) == (None, b"{torn")


def test_a_record_without_envelope_goes_where_its_measures_belong() -> None:
    lines = [
        RAIN,
        {"sensor_id": "air-1", "observed_at": AT, "pm10_ugm3": 41},
        {"sensor_id": "link-1", "observed_at": AT, "speed_kmh": 41},
    ]

    records = read("a.ndjson", "".join(map(line, lines)))

    assert [record.topic for record in records if isinstance(record, Record)] == [
        "readings.disaster",
        "readings.air-quality",
        "readings.traffic",
    ]


def test_its_own_time_is_the_arrival_of_a_record_without_envelope() -> None:
    [record] = read("a.ndjson", line(RAIN))

    assert isinstance(record, Record) and record.at_ms == parse_ms(RAIN["observed_at"])


def test_a_measure_of_two_domains_needs_a_topic() -> None:
    warm = {"sensor_id": "x-1", "observed_at": AT, "temperature_c": 21}

    assert "a.ndjson:1: topic: belongs to no topic or to several. Add a topic, or give --topic" in only_wrong(
        "a.ndjson", line(warm)
    )
    [record] = read("a.ndjson", line(warm), topic="readings.disaster")
    assert isinstance(record, Record) and record.topic == "readings.disaster"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nonsense", "a.ndjson:1: is not JSON"),
        ("[1, 2]", "a.ndjson:1: is not a JSON object"),
        (line(RAIN | {"rainfall_mm": "1.5"}), "a.ndjson:1: rainfall_mm: rainfall_mm is '1.5': input should be a valid"),
        (line(RAIN | {"rainfall_mm": -1}), "a.ndjson:1: rainfall_mm: rainfall_mm is -1, it must be at least 0"),
        (line(RAIN | {"observed_at": "2022-09-06T01:00:00"}), "a.ndjson:1: observed_at: observed_at is"),
        (line({"observed_at": AT, "rainfall_mm": 1}), "a.ndjson:1: sensor_id: sensor_id is missing"),
        (line({"topic": "windows.disaster", "value": RAIN}), "a.ndjson:1: topic: is none of the hub's inputs"),
        (line({"topic": ["x"], "value": RAIN}), "a.ndjson:1: topic: is none of the hub's inputs"),
        (line({"topic": "readings.disaster", "value": 5}), "a.ndjson:1: value: is no object"),
        ('{"a":' * 300 + "1" + "}" * 300, "a.ndjson:1: is nested too deeply"),
        (b"\xff\xfe{}", "a.ndjson:1: is not JSON"),
    ],
)
def test_a_wrong_line_is_named_by_its_place(content: bytes | str, says: str) -> None:
    assert says in only_wrong("a.ndjson", content)


def test_a_wrong_line_harms_no_other_and_keeps_its_place() -> None:
    records = read("a.ndjson", line(RAIN) + "\n" + "nonsense\n" + "   \n" + line(RAIN))

    assert [(type(record), record.place) for record in records] == [(Record, 0), (Wrong, 1), (Record, 2)]
    assert isinstance(records[1], Wrong) and ":3:" in str(records[1].error)


def test_a_line_that_is_longer_than_any_record_is_told_and_skipped_whole() -> None:
    long = b'{"raw": "' + b"x" * (2 * LONGEST_LINE_BYTES + 7) + b'"}\n'

    [wrong, record] = read("a.ndjson", long + line(RAIN).encode())

    assert isinstance(wrong, Wrong) and "a.ndjson:1: is longer than 8 MiB" in str(wrong.error)
    assert isinstance(record, Record) and record.value == RAIN and record.place == 1


def test_reading_begins_at_a_place() -> None:
    lines = [RAIN | {"rainfall_mm": n} for n in range(5)]
    content = line(lines[0]) + "nonsense\n" + "".join(map(line, lines[2:]))

    for name, packed in (("a.ndjson", content.encode()), ("a.ndjson.gz", gzip.compress(content.encode()))):
        records = read(name, packed, begin=3)
        assert [record.place for record in records] == [3, 4]
        assert [record.value for record in records if isinstance(record, Record)] == lines[3:]


def test_reading_a_csv_begins_at_a_place() -> None:
    rows = [f"rain-1,{AT},{n}" for n in range(3)] + ["rain-1,never,3", f"rain-1,{AT},4"]

    records = read("a.csv", "\n".join(["sensor_id,observed_at,rainfall_mm", *rows]), begin=2)

    assert [(type(record), record.place) for record in records] == [(Record, 2), (Wrong, 3), (Record, 4)]


def test_a_csv_has_the_contract_s_names_in_its_header() -> None:
    content = (
        "\ufeffsensor_id,observed_at,speed_kmh,location.lat,location.lon,source\r\n"
        'bus-1,2022-09-06T01:00:00+09:00,41.5,36.02,129.34,"포항시, 교통과"\r\n'
        "bus-1,2022-09-06T01:01:00+09:00,40,,,\r\n"
    )

    records = read("a.csv", content)

    assert [record.value for record in records if isinstance(record, Record)] == [
        {
            "sensor_id": "bus-1",
            "observed_at": "2022-09-06T01:00:00+09:00",
            "speed_kmh": 41.5,
            "location": {"lat": 36.02, "lon": 129.34},
            "source": "포항시, 교통과",
        },
        {"sensor_id": "bus-1", "observed_at": "2022-09-06T01:01:00+09:00", "speed_kmh": 40.0},
    ]


def test_a_csv_of_bulletins_nests_texts_and_lists_zones() -> None:
    content = (
        "bulletin_id,kind,issued_at,source,texts.ko,texts.en,area,revision,cancelled,level\n"
        "w-1,weather-warning,2022-09-05T20:00:00+09:00,KMA,호우 경보,Heavy rain,ocheon-eup;yeonil-eup,2,false,warning\n"
    )

    [record] = read("a.csv", content)

    assert isinstance(record, Record) and record.value is not None
    assert record.topic == "bulletins"
    assert record.value["texts"] == {"ko": "호우 경보", "en": "Heavy rain"}
    assert record.value["area"] == ["ocheon-eup", "yeonil-eup"]
    assert (record.value["revision"], record.value["cancelled"]) == (2, False)


@pytest.mark.parametrize("cell", ["NaN", "inf", "-inf", "1e999", "1_000", "1,000", "一", "٣", "0x10", "--1"])
def test_a_cell_that_is_no_number_of_json_is_told_not_read_as_absent(cell: str) -> None:
    says = only_wrong("a.csv", f'sensor_id,observed_at,pm10_ugm3\nair-1,{AT},"{cell}"\n')

    assert says.startswith("a.csv:2: pm10_ugm3: pm10_ugm3 is ")


@pytest.mark.parametrize("cell", ["41", " 41.0 ", "+41", "4.1e1", "41."])
def test_a_cell_s_number_may_be_written_as_spreadsheets_do(cell: str) -> None:
    [record] = read("a.csv", f"sensor_id,observed_at,pm10_ugm3\nair-1,{AT},{cell}\n")

    assert isinstance(record, Record) and record.value is not None and record.value["pm10_ugm3"] == 41.0


def test_a_row_with_too_many_cells_is_named_and_the_next_is_read() -> None:
    [wrong, record] = read("a.csv", f"sensor_id,observed_at,pm10_ugm3\nair-1,{AT},41,9\nair-1,{AT},41\n")

    assert isinstance(wrong, Wrong) and "a.csv:2: has more cells than the header has names" in str(wrong.error)
    assert isinstance(record, Record)


def test_a_column_and_its_parts_do_not_go_together() -> None:
    assert "stands beside a column of the same beginning" in only_wrong(
        "a.csv", f"sensor_id,observed_at,pm10_ugm3,location,location.lat\nair-1,{AT},41,x,36\n"
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"sensor_id,observed_at\n\xff\xfe,1\n", "is not CSV in UTF-8"),
        ("a.csv", b'sensor_id,observed_at\n"air-1,1\n', "a.csv:2: is not CSV in UTF-8: unexpected end of data"),
        ("a.ndjson.gz", b"no gzip at all", "is cut short or damaged"),
        ("a.ndjson.gz", gzip.compress(line(RAIN).encode() * 500)[:-20], "is cut short or damaged"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_named(name: str, content: bytes, says: str) -> None:
    with pytest.raises(WrongInput) as error:
        read(name, content)

    assert says in str(error.value) and name in str(error.value)


def test_what_stands_before_a_tear_is_read() -> None:
    torn = gzip.compress("".join(line(RAIN | {"rainfall_mm": n % 7}) for n in range(2000)).encode())[:-50]
    records: list[Record | Wrong] = []

    with pytest.raises(WrongInput):
        records.extend(Recording(Path("a.ndjson.gz"), "test").records(io.BytesIO(torn)))

    assert 0 < len(records) < 2000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["topic", "at", "value", "raw", "sensor_id", "observed_at", "pm10_ugm3", "rainfall_mm", "location", "exercise"]
) | st.sampled_from(["bulletin_id", "command_id", "texts", "expected", "until", "issued_at"])
topics = st.sampled_from(["readings.disaster", "bulletins", "alerts.commands", "alerts", ""])
near_records = st.dictionaries(names, json_values | topics, max_size=8)
lines = (
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | (near_records | json_values).map(lambda value: json.dumps(value).encode())
)


@settings(max_examples=150, deadline=None)
@given(st.lists(lines, max_size=6), st.integers(0, 3), st.integers(-(10**12), 10**12))
def test_no_line_of_ndjson_breaks_the_reader(content: list[bytes], begin: int, shift_ms: int) -> None:
    packed = b"\n".join(content)

    records = read("a.ndjson", packed, begin)

    expected = sum(1 for one in packed.split(b"\n") if one.strip())
    assert [record.place for record in records] == list(range(begin, max(begin, expected)))
    for record in records:
        if isinstance(record, Record):
            outgoing(record, "drill-1", shift_ms)


cells = st.text(max_size=12) | st.sampled_from(["1", "NaN", AT, "air-1", '"', "a;b", "true", "9" * 40])
headers = st.lists(
    st.text(max_size=8)
    | names
    | st.sampled_from(["texts.ko", "texts", "location.lat", "location", "a.b.c", "a..b", "revision"]),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(headers, st.lists(st.lists(cells, max_size=7), max_size=5), st.booleans())
def test_no_row_of_csv_breaks_the_reader(header: list[str], rows: list[list[str]], quoted: bool) -> None:
    def written(row: list[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' if quoted else cell for cell in row)

    content = "\n".join(map(written, [header, *rows]))
    try:
        records = read("a.csv", content.encode("utf-8", "surrogatepass"))
    except WrongInput as error:
        told = str(error)
        records = []
    else:
        told = "a.csv"
    assert "a.csv" in told
    assert [record.place for record in records] == list(range(len(records)))
    for record in records:
        if isinstance(record, Record):
            outgoing(record, "drill-1", 0)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.ndjson", "a.csv.gz", "a.ndjson.gz", "a"]), st.booleans())
def test_no_file_breaks_the_reader(content: bytes, name: str, packed: bool) -> None:
    told = name
    try:
        read(name, gzip.compress(content) if packed else content)
    except WrongInput as error:
        told = str(error)
    assert name in told


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    folder = tmp_path / "seeds" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "storm.toml").write_text('default_speed = 60.0\nname = { ko = "폭풍", en = "Storm" }\n')
    (folder / "storm.ndjson.gz").write_bytes(gzip.compress(line(RAIN).encode()))
    return tmp_path / "seeds"


def test_a_scenario_is_found_by_its_name_with_its_own_speed(seeds: Path) -> None:
    found = find_recording("storm", seeds)

    assert (found.path, found.name, found.speed) == (seeds / "scenarios" / "storm.ndjson.gz", "storm", 60.0)


def test_a_file_is_found_by_its_path_and_its_name_becomes_an_id(seeds: Path, tmp_path: Path) -> None:
    path = tmp_path / "2022 힌남노 (최종).csv.gz"
    path.write_bytes(b"")

    found = find_recording(str(path), seeds)

    assert (found.path, found.name, found.speed) == (path, "2022", 1.0)


@pytest.mark.parametrize("source", ["nothing", "/nothing/there", "../storm", "", "x" * 5000, "a\0b", "/"])
def test_what_is_neither_is_told_with_the_scenarios_that_there_are(seeds: Path, source: str) -> None:
    with pytest.raises(WrongInput, match=r"SOURCE: is neither a scenario nor a file .*: storm"):
        find_recording(source, seeds)


def test_a_scenario_without_records_or_with_wrong_facts_is_told(seeds: Path) -> None:
    (seeds / "scenarios" / "storm.ndjson.gz").unlink()
    with pytest.raises(WrongInput, match="the scenario has no records"):
        find_recording("storm", seeds)

    (seeds / "scenarios" / "storm.ndjson.gz").write_bytes(b"")
    (seeds / "scenarios" / "storm.toml").write_text("default_speed = 0\n")
    with pytest.raises(WrongSeed, match="default_speed"):
        find_recording("storm", seeds)
