"""The order of arrival over partitions, and what bounds those who wait in it."""

from __future__ import annotations

from streams.contract.times import format_ms, from_ms
from streams.contract.zone_inputs import ZoneInput, ZonePane, ZonePanes
from streams.engine.arrival_order import ArrivalOrder
from streams.engine.zone_windows import ZoneWindows
from tests.support.timeline import ms
from tests.support.zone_told import Zone, both_begun


def test_order_is_by_arrival_then_by_partition_whoever_is_heard_first() -> None:
    def told(partition: int, at: str, n: int) -> ZoneInput:
        return ZoneInput(topic="t", partition=partition, partitions=2, arrived_at=format_ms(ms(at)), began=n)

    order, out = ArrivalOrder(), []
    for each in (
        told(1, "10:00", 1),
        told(1, "10:01", 2),
        told(0, "10:00", 3),
        told(0, "10:00", 4),
        told(0, "10:02", 5),
    ):
        order.read(each)
        order.add(each)
        out += [one.began for one in order.due()]
    assert out == [3, 4, 1]  # at 10:01 the other one may yet tell something that comes first


def test_what_waits_is_bounded_and_what_was_not_awaited_is_counted() -> None:
    zone = both_begun()
    (domain,) = zone.stage._domains.values()
    domain._order._most = 10
    for minute in range(1, 30):
        zone.passes(0, f"10:{minute:02d}", f"10:{minute + 1:02d}")
    assert len(domain._order._waiting) == 10
    assert zone.counts == {"unawaited": 31 - 1 - 10}  # the first of the 31 was awaited


def test_open_windows_are_bounded_and_the_oldest_close_first() -> None:
    windows = ZoneWindows(Zone().rules["disaster"], most=3)
    windows.mark(0, 0, ms("10:00"))
    found = []
    for minute in range(5):
        pane = ZonePane(sensor_id="gauge-0", count=1, sum=6_000_000, min=6_000_000, max=6_000_000, last=6_000_000)
        start = from_ms(ms(f"10:{minute:02d}"))
        windows.take(ZonePanes(zone="ocheon-eup", measure="rainfall_mm", window_s=60, start=start, sensors=[pane]))
        found += [(finding.change.transition, finding.change.at_ms) for finding in windows.due()]

    assert found == [("raised", ms("10:01"))]
    assert windows.unawaited == 2
