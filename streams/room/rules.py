"""Changed rules, taken up while the room runs: what it watches, and what its pages are told of them."""

from __future__ import annotations

from streams.logs import get
from streams.room.city import City
from streams.room.description import Description
from streams.room.events import Events
from streams.rule_watch import RuleWatch

log = get("streams.room.rules")


class Rules:
    """Lets the room follow the rule files.

    Args:
        watch: tells when they have changed.
        city: what is known; it keeps other windows from then on.
        description: what a page is told of the rules.
        events: through which the open pages are asked to fetch it again.
    """

    def __init__(self, watch: RuleWatch, city: City, description: Description, events: Events) -> None:
        self._watch, self._city, self._description, self._events = watch, city, description, events

    async def run(self) -> None:
        """Follow them until cancelled."""
        while True:
            rules = (await self._watch.changed()).rules
            self._city.judge_by(rules)
            self._description.judge_by(rules)
            self._events.reset()
            log.info("rules_taken_up", rules=len(rules))
