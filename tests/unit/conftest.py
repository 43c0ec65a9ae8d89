"""Hypothesis for every unit test: a machine that is busy is no reason to fail."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("hub", deadline=None)
settings.load_profile("hub")
