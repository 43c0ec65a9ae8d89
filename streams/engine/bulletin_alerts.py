"""An announcement at a level of a rule → the alert that people are told, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.contract.alerts import LEVEL_NAMES, LEVEL_RANKS, Alert, Bilingual, Scope
from streams.contract.bulletins import Bulletin
from streams.contract.rule_levels import RuleLevel
from streams.contract.rules import Rule
from streams.contract.times import from_ms
from streams.engine.alert_events import alert_id_of
from streams.engine.announced_levels import held_by

WHOLE_CITY: Final = Bilingual(ko="시 전역", en="the whole city")
UNKNOWN: Final = Bilingual(ko="미상", en="unknown")
"""What stands for a magnitude that an announcement does not say."""


class BulletinAlerts:
    """Words announcements for one city.

    Args:
        zone_names: by id.
        centre: of the city; longitude, latitude.
    """

    def __init__(self, zone_names: Mapping[str, Bilingual], centre: tuple[float, float]) -> None:
        self._zone_names, self._centre = zone_names, centre

    def alert(
        self, rule: Rule, bulletin: Bulletin, words: RuleLevel, step: int, onset_ms: int, *, ended: Bilingual | None
    ) -> Alert:
        """The alert of a rule on an announcement at one of its levels.

        Args:
            rule: the rule.
            bulletin: as it stands now.
            words: the level's; of an alert that ends those of the level that it had.
            step: of the alert.
            onset_ms: when it began, epoch ms.
            ended: why it has ended; None while it is active.
        """
        level = None if ended else words.level
        held = None if ended else held_by(words, bulletin, self._centre)
        onset = from_ms(onset_ms)
        return Alert(
            alert_id=alert_id_of(rule.rule_id, bulletin.bulletin_id, None, bulletin.exercise),
            exercise=bulletin.exercise,
            status="actual" if bulletin.exercise is None else "exercise",
            rule_id=rule.rule_id,
            domain=rule.domain,
            scope=Scope(zone=bulletin.area[0] if len(bulletin.area) == 1 else None),
            zone=bulletin.area[0] if len(bulletin.area) == 1 else None,
            measure="magnitude" if bulletin.magnitude is not None else None,
            value=bulletin.magnitude,
            threshold=None if held is None else held.magnitude_at_least,
            window_s=None,
            level=level,
            level_rank=LEVEL_RANKS[level] if level else None,
            level_name=LEVEL_NAMES[level] if level else None,
            severity=words.severity,
            urgency="Past" if ended else words.urgency,
            certainty=words.certainty,
            state="cleared" if ended else "active",
            sequence=step,
            headline=self._told(words.headline, words, bulletin),
            instruction=ended or self._told(words.instruction, words, bulletin),
            condition_since=onset,
            onset=onset,
            updated_at=bulletin.issued_at,
            cleared_at=bulletin.issued_at if ended else None,
            sensors=[],
            area=bulletin.area,
            source=f"{bulletin.source}; {words.source}",
        )

    def _told(self, text: Bilingual, words: RuleLevel, bulletin: Bulletin) -> Bilingual:
        said = {}
        for language in ("ko", "en"):
            zones = [getattr(self._zone_names[z], language) if z in self._zone_names else z for z in bulletin.area]
            city = getattr(WHOLE_CITY, language)
            place = getattr(bulletin.place, language) if bulletin.place is not None else ""
            magnitude = getattr(UNKNOWN, language) if bulletin.magnitude is None else f"{bulletin.magnitude:.1f}"
            said[language] = getattr(text, language).format_map(
                {
                    "zone": "·".join(zones) or city,
                    "sensor": bulletin.source,
                    "value": magnitude,
                    "magnitude": magnitude,
                    "threshold": "",
                    "unit": "",
                    "level": getattr(LEVEL_NAMES[words.level], language),
                    "place": place or "·".join(zones) or city,
                    "text": getattr(bulletin.texts, language),
                }
            )
        return Bilingual(**said)
