"""The table of topics is the contract's table."""

from __future__ import annotations

import pytest

from streams.contract.readings import READINGS
from streams.contract.topics import (
    DAY_MS,
    MIB,
    READING_TOPICS,
    TOPICS,
    WINDOW_TOPICS,
    domain_of,
    readings_topic,
    windows_topic,
)

CONTRACT = """
# topic                  key          kept     partitions  model
readings.air-quality     sensor_id    7 d      4           AirQualityReading
readings.traffic         sensor_id    7 d      4           TrafficReading
readings.disaster        sensor_id    7 d      4           DisasterReading
windows.air-quality      sensor_id    30 d     4           Window
windows.traffic          sensor_id    30 d     4           Window
windows.disaster         sensor_id    30 d     4           Window
bulletins                bulletin_id  30 d     1           Bulletin
alerts                   alert_id     compact  4           Alert
alerts.commands          alert_id     90 d     4           Command
readings.rejected        as received  30 d     1           -
hub.zone-inputs          zone         2 d      4           ZoneInput
hub.alert-events         alert_id     90 d     4           AlertEvent
hub.checkpoints          application, stage, topic, partition, slot  compact  4  -
"""


def _rows() -> list[list[str]]:
    lines = [line for line in CONTRACT.strip().splitlines() if not line.startswith("#")]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_every_topic_is_as_the_contract_says() -> None:
    told = []
    for topic in TOPICS.values():
        kept = "compact" if topic.compacted else f"{topic.retention_ms // DAY_MS} d"
        model = topic.model.__name__ if topic.model else "-"
        told.append([topic.name, topic.key, kept, str(topic.partitions(4)), model])
    assert told == _rows()


def test_times_are_the_brokers_and_records_take_a_mebibyte() -> None:
    for topic in TOPICS.values():
        config = topic.config()
        assert config["message.timestamp.type"] == "LogAppendTime"
        assert int(config["max.message.bytes"]) == (MIB + 65_536 if topic.name == "readings.rejected" else MIB)


def test_compacted_topics_have_a_lag_and_others_a_retention() -> None:
    for topic in TOPICS.values():
        config = topic.config()
        assert ("retention.ms" in config) != topic.compacted
        assert ("min.compaction.lag.ms" in config) == topic.compacted
    assert TOPICS["alerts"].config()["min.compaction.lag.ms"] == str(7 * DAY_MS)


def test_internal_topics_are_told_from_public_ones() -> None:
    internal = {name for name, topic in TOPICS.items() if not topic.public}
    assert internal == {"hub.zone-inputs", "hub.alert-events", "hub.checkpoints"}


def test_the_ways_in_are_told_from_the_ways_out() -> None:
    assert {name for name, topic in TOPICS.items() if topic.read_by_hub} == {
        *READING_TOPICS,
        "bulletins",
        "alerts.commands",
    }


def test_each_domain_has_a_topic_of_readings_and_one_of_windows() -> None:
    for domain in READINGS:
        assert domain_of(readings_topic(domain)) == domain_of(windows_topic(domain)) == domain
    assert len(READING_TOPICS) == len(WINDOW_TOPICS) == len(READINGS)


@pytest.mark.parametrize("name", ["readings.noise", "windows.noise"])
def test_a_topic_of_no_domain_is_not_guessed(name: str) -> None:
    with pytest.raises(StopIteration):
        domain_of(name)
