"""A duration in words, in Korean and English."""

from __future__ import annotations

from streams.contract.alerts import Bilingual


def duration(seconds: float) -> Bilingual:
    """A duration in its largest units: `2시간 30분`, `2 h 30 min`."""
    rest, parts = round(seconds), list[tuple[int, str, str]]()
    for size, ko, en in ((86_400, "일", "d"), (3600, "시간", "h"), (60, "분", "min"), (1, "초", "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append((count, ko, en))
    if not parts:
        return Bilingual(ko="0초", en="0 s")
    return Bilingual(ko=" ".join(f"{n}{ko}" for n, ko, _ in parts), en=" ".join(f"{n} {en}" for n, _, en in parts))
