"""Ids of the contract: 1–64 of `A-Za-z0-9._:-`; an exercise's may be 96; a rule's and a bulletin's have no `:`."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import StringConstraints

ID_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,64}$"
EXERCISE_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,96}$"
PLAIN_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"

SensorId = Annotated[str, StringConstraints(strict=True, pattern=ID_PATTERN)]
ZoneId = Annotated[str, StringConstraints(strict=True, pattern=ID_PATTERN)]
ExerciseId = Annotated[str, StringConstraints(strict=True, pattern=EXERCISE_PATTERN)]
RuleId = Annotated[str, StringConstraints(strict=True, pattern=PLAIN_PATTERN)]
BulletinId = Annotated[str, StringConstraints(strict=True, pattern=PLAIN_PATTERN)]
AlertId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300, pattern=r"^[A-Za-z0-9._:-]+$")]

is_sensor_id = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII).fullmatch
is_exercise_id = re.compile(r"[A-Za-z0-9._:-]{1,96}", re.ASCII).fullmatch
