"""Records of several partitions come in the order of arrival, however they are fetched."""

from __future__ import annotations

from aiokafka import TopicPartition

from deploy.rules.offline import Arrival
from deploy.rules.retained import ByArrival

A, B = TopicPartition("readings.disaster", 0), TopicPartition("readings.disaster", 1)


def _arrivals(place: TopicPartition, *at_ms: int) -> list[Arrival]:
    return [Arrival(place.topic, None, b"", ms, place.partition) for ms in at_ms]


def _told(arrivals: list[Arrival]) -> list[tuple[int | None, int]]:
    return [(each.partition, each.timestamp) for each in arrivals]


def test_a_partition_waits_for_what_another_may_still_have_of_its_time() -> None:
    order = ByArrival([A, B])
    order.add(A, _arrivals(A, 1, 5, 9))

    assert order.take([A, B]) == []
    order.add(B, _arrivals(B, 2, 5))
    assert _told(order.take([A, B])) == [(0, 1), (1, 2), (0, 5), (1, 5)]
    assert (order.waiting(A), order.waiting(B)) == (1, 0)


def test_nothing_waits_for_a_partition_that_is_read_to_its_end() -> None:
    order = ByArrival([A, B])
    order.add(A, _arrivals(A, 3, 4))
    order.add(B, _arrivals(B, 1))

    assert _told(order.take([A])) == [(1, 1), (0, 3), (0, 4)]


def test_records_of_one_arrival_keep_their_partitions_order() -> None:
    order = ByArrival([A])
    mine = [Arrival(A.topic, None, text, 7, 0) for text in (b"a", b"b", b"c")]
    order.add(A, mine)

    assert order.take([]) == mine
