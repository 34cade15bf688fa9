"""One thing that the store's check found, and what would mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.types.host import StoreProblem

Mend = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Finding:
    problem: StoreProblem
    mend: Mend | None = None


def found(kind: str, subject: str, explanation: str, mend: Mend | None = None) -> Finding:
    problem = StoreProblem(kind=kind, subject=subject, explanation=explanation, mendable=mend is not None)
    return Finding(problem, mend)
