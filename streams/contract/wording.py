"""What a rule's texts may name in braces; a name that nothing fills in would stop an alert on its way."""

from __future__ import annotations

from string import Formatter
from typing import Final

from streams.contract.alerts import Bilingual
from streams.errors import Misfit

OF_ALERTS: Final = ("zone", "sensor", "value", "threshold", "unit", "level", "place")
OF_ZONES: Final = tuple(name for name in OF_ALERTS if name != "sensor")
OF_ABSENCE: Final = tuple(name for name in OF_ALERTS if name != "unit")
"""Value and threshold are durations there, as `30 min`: they have their units with them."""
OF_BULLETINS: Final = (*OF_ALERTS, "magnitude", "text")


def check_wording(text: Bilingual, allowed: tuple[str, ...] | None, at: tuple[str | int, ...]) -> None:
    """Check a text in both languages.

    Args:
        text: as the rule's file has it.
        allowed: the names that are filled in; None where the text is shown as it stands.
        at: where it stands, from the rule on.

    Raises:
        Misfit: it is empty in one language, or names what is not filled in.
    """
    for language in ("ko", "en"):
        said, place = getattr(text, language), (*at, language)
        if not said.strip():
            raise Misfit("the text is empty", at=place, value=said, fix="Write it in Korean and in English")
        if allowed is None:
            continue
        try:
            fields = list(Formatter().parse(said))
        except ValueError as e:
            raise Misfit(f"the braces do not match: {e}", at=place, value=said, fix="Write {{ for a brace") from None
        for _, name, form, conversion in fields:
            if name is not None and (name not in allowed or form or conversion):
                known = ", ".join(f"{{{one}}}" for one in allowed)
                raise Misfit(f"nothing fills in {{{name}}}", at=place, value=said, fix=f"Use one of {known}")
