"""What the worker itself says became of an exercise's values.

Its accounts are part of its state: exact at any checkpoint, kept per exercise, and not begun anew by a worker that was
killed, as a process's counters are.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from aiokafka import TopicPartition

from deploy.waiting import until
from streams.contract.topics import READING_TOPICS, domain_of
from streams.engine import readings_stage, snapshot
from streams.errors import Unavailable
from streams.settings import Settings
from streams.worker import checkpoints

KEPT_S: Final = 30.0
"""A checkpoint follows its records within seconds (`checkpoint_interval_s`)."""


async def accounts(settings: Settings, exercise: str, last: dict[TopicPartition, int]) -> Counter[str]:
    """The exercise's values by what became of them.

    Args:
        settings: how the broker is reached, and whose checkpoints.
        exercise: whose values.
        last: per input partition, the offset that the checkpoint must have come to.

    Raises:
        Unavailable: no checkpoint came that far.
    """
    readings = {partition: offset for partition, offset in last.items() if partition.topic in READING_TOPICS}
    owners = [checkpoints.Owner(readings_stage.NAME, *partition) for partition in readings]
    counted: Counter[str] = Counter()

    async def are_kept() -> bool:
        counted.clear()
        try:
            found = await checkpoints.read(settings, dict.fromkeys(owners))
        except Unavailable:  # the broker is starting again
            return False
        for partition, offset in readings.items():
            kept = found.newest(checkpoints.Owner(readings_stage.NAME, *partition))
            if kept is None or kept.applied < offset:
                return False
            state = snapshot.unpack(f"{readings_stage.NAME}:{domain_of(partition.topic)}", kept.state)
            for whose, outcome, _, n in state["accounts"]["values"]:
                if whose == exercise:
                    counted[outcome] += n
        return True

    if not await until(are_kept, KEPT_S, every_s=0.5):
        raise Unavailable(
            f"no checkpoint has come to the last record within {KEPT_S:.0f} s",
            field="--check",
            fix="Read the worker's log",
        )
    return counted
