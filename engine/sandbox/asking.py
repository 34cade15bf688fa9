"""What the engine's end of the keeper is made of: operations go one way, values and descriptors come back.

The subjects (programs, mounts, trees, files) say in Python what can be asked; who carries it, a process in the
namespace or a test's memory, is a subclass's business.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.sandbox.failures import ReplyError, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.ids import IdMapping


class Answer(NamedTuple):
    values: Any
    """As the operation's docstring says."""
    fds: list[int]
    """Ours now."""


class Asking(ABC):
    """Somebody who carries out operations."""

    ids: IdMapping
    """The maps of the namespace, and whether there is a single id only."""

    @property
    def host_root(self) -> bool:
        """Started by the host's root, to whom the namespace's is a stranger."""
        return os.getuid() == 0 and not self.ids.single_id

    @abstractmethod
    async def _carry(
        self, operation: NamedTuple, fds: Sequence[int] = (), progress: Callable[[int], None] | None = None
    ) -> Answer:
        """Raises `ReplyError` for what the keeper answered; cancelling it ends the work."""

    async def _ask(
        self, operation: NamedTuple, fds: Sequence[int] = (), progress: Callable[[int], None] | None = None
    ) -> Answer:
        """With failures as the errors they were."""
        try:
            return await self._carry(operation, fds, progress)
        except ReplyError as error:
            raise translated(error) from None
