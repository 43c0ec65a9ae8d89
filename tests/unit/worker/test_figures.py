"""Figures: a process tells what was added since it took a partition over, each value once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from streams import metrics
from streams.worker.checkpoints import Owner
from streams.worker.figures import Figures, added
from tests.support.timeline import Partition

RECEIVED: Final = "urbanhub_received_values_total"


def test_what_was_told_is_not_told_again() -> None:
    told: Counter[str] = Counter()
    assert added(Counter(a=2, b=1), told) == [("a", 2), ("b", 1)]
    assert added(Counter(a=5, b=1), told) == [("a", 3)]
    assert added(Counter(a=5, b=1), told) == []


def test_a_count_that_begins_anew_is_told_from_its_beginning() -> None:
    told = Counter(exercise=9)
    assert added(Counter(), told) == []
    assert added(Counter(exercise=2), told) == [("exercise", 2)]


def _samples(name: str, domain: str) -> dict[tuple[str, ...], float]:
    """What the metrics say of a domain, by their other labels."""
    return {
        tuple(value for label, value in sorted(sample.labels.items()) if label != "domain"): sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        if sample.name == name and sample.labels["domain"] == domain
    }


def test_what_was_received_and_what_became_of_it_is_told_since_the_worker_took_over() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.gets(b"{", "10:00")
    again = p.restarted()
    figures = Figures(Owner("readings", "readings.disaster", 0), again.stage)
    figures.begin()
    before = _samples("urbanhub_values_total", "disaster"), _samples(RECEIVED, "disaster")

    again.reads("10:01", "rain-1", rainfall_mm=1, temperature_c=5)
    again.reads("10:01", "rain-1", rainfall_mm=1)
    for _ in range(2):
        figures.tell(None)

    values, received = _samples("urbanhub_values_total", "disaster"), _samples(RECEIVED, "disaster")
    assert received[()] - before[1].get((), 0) == 3
    more = {key: n - before[0].get(key, 0) for key, n in values.items() if n > before[0].get(key, 0)}
    assert more == {("windowed", "city"): 2, ("duplicate", "city"): 1}


def test_nobody_reads_metrics_between_two_numbers_that_must_agree() -> None:
    with metrics.TOGETHER, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(metrics.rendered)
        with pytest.raises(TimeoutError):
            asked.result(0.2)
        metrics.TOGETHER.release()
        assert b"urbanhub_values" in asked.result(30)[0]
        metrics.TOGETHER.acquire()
