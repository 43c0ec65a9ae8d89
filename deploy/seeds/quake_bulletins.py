"""What the weather service reported of the earthquake of 2017-11-15 and its aftershocks, with its revisions.

Times, magnitudes, places and intensities: kukinews kuk201711150211, etoday 1563147. When each report was issued was not
found: thirty seconds after the first great one, minutes after the others, five minutes more for a revision (modelled).
"""

from __future__ import annotations

from typing import Any, Final

WEATHER_SERVICE: Final = "기상청"
BUK_GU: Final = {"ko": "포항시 북구", "en": "Buk-gu, Pohang"}


def _report(name: str, occurred: str, issued: str, magnitude: float, **more: Any) -> dict[str, Any]:
    """A report whose times are "HH:MM:SS" of its day; `name` is the event's own."""
    revision = more.get("revision", 0)
    texts = {"ko": f"{occurred} 발생", "en": f"at {occurred}"}
    if revision:
        texts = {"ko": f"{occurred} 발생, 규모 {magnitude}로 정정", "en": f"at {occurred}, revised to {magnitude}"}
    return {
        "bulletin_id": f"kma-eqk-{name}",
        "revision": revision,
        "kind": "earthquake",
        "issued_at": issued,
        "occurred_at": occurred,
        "source": WEATHER_SERVICE,
        "area": [],
        "magnitude": magnitude,
        "place": BUK_GU,
        "texts": texts,
    } | more


def _at(lat: float, lon: float) -> dict[str, float]:
    return {"lat": lat, "lon": lon}


MAIN_SHOCK: Final = _report(
    "20171115142931",
    "14:29:31",
    "14:35:00",
    5.4,
    revision=1,
    depth_km=9,
    intensity=6,
    location=_at(36.12, 129.36),
    place={"ko": "포항시 북구 북쪽 9 km", "en": "9 km north of Buk-gu, Pohang"},
    texts={
        "ko": "14:29:31 발생, 규모 5.4로 정정, 깊이 9 km, 최대진도 경북 6",
        "en": "at 14:29:31, revised to 5.4, depth 9 km, greatest intensity 6 in Gyeongbuk",
    },
)
"""As revised; it reaches the hub twice."""

QUAKE_DAY: Final[list[dict[str, Any]]] = [
    _report("20171115142232", "14:22:32", "14:25:30", 2.2, location=_at(36.11, 129.36)),
    _report("20171115142244", "14:22:44", "14:26:10", 2.6, location=_at(36.08, 129.31)),
    _report(
        "20171115142931",
        "14:29:31",
        "14:30:01",
        5.5,
        place={"ko": "포항시 북구 북쪽 6 km", "en": "6 km north of Buk-gu, Pohang"},
        texts={"ko": "14:29:31 발생, 자동 분석", "en": "at 14:29:31, automatic analysis"},
    ),
    MAIN_SHOCK,
    _report("20171115143259", "14:32:59", "14:37:00", 3.6),
    _report("20171115144600", "14:46:00", "14:50:00", 2.5),
    _report("20171115145255", "14:52:55", "14:57:00", 2.4),
    _report("20171115150950", "15:09:50", "15:13:00", 3.5),
    _report("20171115164930", "16:49:30", "16:50:30", 4.6),
    _report("20171115164930", "16:49:30", "16:55:00", 4.3, revision=1),
]
AFTERSHOCKS: Final[dict[str, list[dict[str, Any]]]] = {
    "2017-11-16": [_report("20171116090242", "09:02:42", "09:06:00", 3.6)],
    "2017-11-19": [
        _report("20171119234547", "23:45:47", "23:46:30", 3.7),
        _report("20171119234547", "23:45:47", "23:51:00", 3.5, revision=1, intensity=5),
    ],
    "2017-11-20": [
        _report("20171120060515", "06:05:15", "06:06:00", 3.8),
        _report("20171120060515", "06:05:15", "06:11:00", 3.6, revision=1),
    ],
    "2018-02-11": [
        _report("20180211050303", "05:03:03", "05:03:50", 4.7),
        _report("20180211050303", "05:03:03", "05:09:00", 4.6, revision=1, depth_km=14, location=_at(36.08, 129.33)),
    ],
}
"""By day."""
