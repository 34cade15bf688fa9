"""Which cases there are: numbers and names as their makers wrote them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.clients.world import World

    Act = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    number: int
    name: str
    act: Act


CASES: list[Case] = []


def case(number: int, name: str) -> Callable[[Act], Act]:
    """Note it down."""

    def note(act: Act) -> Act:
        CASES.append(Case(number, name, act))
        return act

    return note
