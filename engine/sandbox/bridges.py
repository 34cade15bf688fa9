"""Bridges in network namespaces of the keeper's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sandbox.asking import Asking
from engine.sandbox.keeper.asked.bridges import LeaveBridge

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.keeper.asked.bridges import JoinBridge, MakeBridge


class Bridges(Asking):
    async def make_bridge(self, asked: MakeBridge) -> None:
        await self._ask(asked)

    async def join_bridge(self, asked: JoinBridge) -> None:
        await self._ask(asked)

    async def leave_bridge(self, member: Path, inside: str) -> None:
        """Take a member's interface away; not being there is no failure."""
        await self._ask(LeaveBridge(member, inside))
