"""Whether one container reaches another, step by step."""

from __future__ import annotations

from typing import Literal

from engine.types.data import Data

ReachCheck = Literal["source", "target", "network", "isolation", "address", "name", "listener", "connection"]


class ReachStep(Data, frozen=True, kw_only=True):
    """One thing on the way."""

    check: ReachCheck
    ok: bool
    words: str
    """What was found, in a sentence."""
    hint: str = ""
    """What to do about it, where it stops."""


class Reach(Data, frozen=True, kw_only=True):
    """The way from one container to another, up to the first thing that stops it."""

    source: str
    target: str
    port: int = 0
    steps: tuple[ReachStep, ...] = ()

    @property
    def reaches(self) -> bool:
        return all(step.ok for step in self.steps)
