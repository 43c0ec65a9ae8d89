"""Defects that tests plant: each must be seen within a few seeds, under the faults with which it does its harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from tests.simulation.simulator import run
from tests.simulation.verdict import complaints

MOST_SEEDS: Final = 40
Patch = pytest.MonkeyPatch


class Defect(NamedTuple):
    """One that is planted."""

    name: str
    plant: Callable[[Patch], None]
    kinds: tuple[str, ...] = ()
    """Faults under which it does its harm; none where it does so without any."""
    first: int = 0
    """The seed that is tried first, where it takes many to meet."""


def around(patch: Patch, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function by what `make` makes of it."""
    patch.setattr(owner, name, make(getattr(owner, name)))


def without(owner: Any, name: str, result: Any = None) -> Callable[[Patch], None]:
    """The defect that this does nothing."""
    return lambda patch: patch.setattr(owner, name, lambda *_, **__: result)


def name_of(defect: Defect) -> str:
    """As a test is called."""
    return defect.name.replace(" ", "-")


def must_be_found(defect: Defect, patch: Patch) -> None:
    """Plant it and run seeds until one is wrong."""
    defect.plant(patch)
    for seed in range(defect.first, defect.first + MOST_SEEDS):
        if complaints(run(seed, frozenset(defect.kinds))):
            return
    pytest.fail(f"{defect.name}: not seen in {MOST_SEEDS} seeds")
