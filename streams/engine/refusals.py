"""Why a reading that can be read is refused, in words that a gateway's maker can act on."""

from __future__ import annotations

from typing import Final

from streams.contract.rejections import Rejection
from streams.contract.times import format_ms

NO_PLACE: Final = Rejection(
    "exercise_limit", "exercise", "This partition holds eight exercises already; end one, or wait ten minutes."
)


def unknown(sensor_id: str, domain: str) -> Rejection:
    """Its sensor is not in the registry of the domain."""
    return Rejection(
        "unknown_sensor",
        "sensor_id",
        f"sensor_id {sensor_id!r} is not in the registry of {domain}; "
        "register it, then send it again with `urbanhub replay --rejected unknown_sensor`.",
    )


def ahead(exercise: str | None, lead_ms: int) -> Rejection:
    """It was observed this long after its arrival, or in an exercise at the calendar's end."""
    if exercise is not None:
        return Rejection(
            "bad_time", "observed_at", "observed_at lies in the calendar's last year; choose an earlier one."
        )
    detail = f"observed_at lies {lead_ms / 1000:.0f} s ahead of its arrival; set the device's clock and its offset."
    return Rejection("future", "observed_at", detail)


def late(at_ms: int) -> Rejection:
    """The window of this instant (epoch ms) is final for its series."""
    detail = f"The window of {format_ms(at_ms)} is final for this sensor; send readings sooner, or as history."
    return Rejection("late", "observed_at", detail)
