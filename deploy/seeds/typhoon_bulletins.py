"""What institutions announced in the night of the typhoon, as far as it was published.

Times are of 2022-09-06, KST. Sources: typhoon warning from 00:00, newsis NISX20220905_0002003710; its fall to an advisory at
12:00, kukinews kuk202209060104; flood notices, mbn 4837445, etoday 2170258, nocut; the city's messages and the evacuation
of Jenae-ri, imaeil 2022090604564110082 and 2022090606470018492. When notices and advisory were lifted was not found: modelled.
"""

from __future__ import annotations

from typing import Any, Final

WEATHER_SERVICE: Final = "기상청"
FLOOD_OFFICE: Final = "낙동강홍수통제소"
CITY: Final = "포항시"
NAENGCHEON: Final = ["ocheon-eup", "cheongnim-dong", "jecheol-dong"]
MOUTH: Final = ["haedo-dong", "sangdae-dong", "songdo-dong", "yeonil-eup"]


def _expected(place: str, value_m: float, at: str) -> list[dict[str, Any]]:
    return [{"place": place, "measure": "water_level_m", "value": value_m, "at": at}]


ANNOUNCEMENTS: Final[list[dict[str, Any]]] = [
    {
        "bulletin_id": "kma-typhoon-2022-11",
        "revision": 0,
        "kind": "weather-warning",
        "hazard": "typhoon",
        "issued_at": "00:00",
        "source": WEATHER_SERVICE,
        "area": [],
        "level": "warning",
        "texts": {
            "ko": "제11호 태풍 힌남노, 00시 태풍경보 발효",
            "en": "Typhoon No. 11 Hinnamnor, typhoon warning in force from 00:00",
        },
    },
    {
        "bulletin_id": "kma-typhoon-2022-11",
        "revision": 1,
        "kind": "weather-warning",
        "hazard": "typhoon",
        "issued_at": "12:00",
        "source": WEATHER_SERVICE,
        "area": [],
        "level": "advisory",
        "texts": {
            "ko": "12시를 기해 태풍경보를 태풍주의보로 변경",
            "en": "from 12:00 the typhoon warning becomes a typhoon advisory",
        },
    },
    {
        "bulletin_id": "kma-typhoon-2022-11",
        "revision": 2,
        "kind": "weather-warning",
        "hazard": "typhoon",
        "issued_at": "12:20",
        "source": WEATHER_SERVICE,
        "area": [],
        "cancelled": True,
        "texts": {"ko": "태풍주의보 해제", "en": "typhoon advisory lifted"},
    },
    {
        "bulletin_id": "nakdong-flood-2022-hyeongsan-bridge",
        "revision": 0,
        "kind": "flood-notice",
        "issued_at": "05:10",
        "source": FLOOD_OFFICE,
        "area": MOUTH,
        "level": "advisory",
        "expected": _expected("형산교", 2.50, "06:00"),
        "texts": {
            "ko": "형산강 형산교, 06시경 2.50 m(주의보 수위) 초과 예상",
            "en": "Hyeongsan Bridge expected above 2.50 m (advisory stage) at about 06:00",
        },
    },
    {
        "bulletin_id": "nakdong-flood-2022-hyeongsan-bridge",
        "revision": 1,
        "kind": "flood-notice",
        "issued_at": "06:10",
        "source": FLOOD_OFFICE,
        "area": MOUTH,
        "level": "warning",
        "expected": _expected("형산교", 3.02, "07:00"),
        "texts": {
            "ko": "형산강 형산교, 07시경 3.02 m 내외 예상",
            "en": "Hyeongsan Bridge expected at about 3.02 m at about 07:00",
        },
    },
    {
        "bulletin_id": "nakdong-flood-2022-hyeongsan-bridge",
        "revision": 2,
        "kind": "flood-notice",
        "issued_at": "11:40",
        "source": FLOOD_OFFICE,
        "area": MOUTH,
        "cancelled": True,
        "texts": {"ko": "형산강 형산교 홍수경보 해제", "en": "flood warning for Hyeongsan Bridge lifted"},
    },
    {
        "bulletin_id": "nakdong-flood-2022-gangdong-bridge",
        "revision": 0,
        "kind": "flood-notice",
        "issued_at": "05:10",
        "source": FLOOD_OFFICE,
        "area": ["yeonil-eup"],
        "level": "advisory",
        "expected": _expected("강동대교", 6.5, "06:40"),
        "texts": {
            "ko": "형산강 강동대교(경주), 06시 40분경 6.5 m(주의보 수위) 초과 예상",
            "en": "Gangdong Bridge (Gyeongju) expected above 6.5 m (advisory stage) at about 06:40",
        },
    },
    {
        "bulletin_id": "nakdong-flood-2022-gangdong-bridge",
        "revision": 1,
        "kind": "flood-notice",
        "issued_at": "06:20",
        "source": FLOOD_OFFICE,
        "area": ["yeonil-eup"],
        "level": "warning",
        "expected": _expected("강동대교", 7.58, "07:20"),
        "texts": {
            "ko": "형산강 강동대교(경주), 07시 20분경 7.58 m 예상",
            "en": "Gangdong Bridge (Gyeongju) expected at 7.58 m at about 07:20",
        },
    },
    {
        "bulletin_id": "nakdong-flood-2022-gangdong-bridge",
        "revision": 2,
        "kind": "flood-notice",
        "issued_at": "11:20",
        "source": FLOOD_OFFICE,
        "area": ["yeonil-eup"],
        "cancelled": True,
        "texts": {"ko": "형산강 강동대교(경주) 홍수경보 해제", "en": "flood warning for Gangdong Bridge lifted"},
    },
    {
        "bulletin_id": "pohang-message-2022-09-06-0202",
        "revision": 0,
        "kind": "emergency-message",
        "issued_at": "02:02",
        "source": CITY,
        "area": ["daesong-myeon"],
        "texts": {
            "ko": "대송면 제내리 주민 대피",
            "en": "residents of Jenae-ri, Daesong-myeon: evacuate",
        },
    },
    {
        "bulletin_id": "pohang-message-2022-09-06-0443",
        "revision": 0,
        "kind": "emergency-message",
        "issued_at": "04:43",
        "source": CITY,
        "area": NAENGCHEON,
        "texts": {
            "ko": "냉천 범람 우려, 오천읍·청림동·제철동 주민은 안전한 곳으로 대피",
            "en": "Naengcheon about to overflow: Ocheon-eup, Cheongnim-dong and Jecheol-dong, go to a safe place",
        },
    },
    {
        "bulletin_id": "pohang-message-2022-09-06-0454",
        "revision": 0,
        "kind": "emergency-message",
        "issued_at": "04:54",
        "source": CITY,
        "area": ["yanghak-dong"],
        "texts": {
            "ko": "양학시장 일대 침수 우려, 주민은 안전한 곳으로 대피",
            "en": "flooding feared around Yanghak Market: go to a safe place",
        },
    },
]
"""In each, `issued_at` and the hours of `expected` are "HH:MM"."""
