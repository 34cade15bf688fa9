"""Commands announced by `exec` and not yet, or no longer, running: Docker makes and starts them in two requests, the
facade in one call. So what was announced is kept here until it is started, and its end for as long as clients ask."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.api.http.statuses import Refusal

if TYPE_CHECKING:
    from engine.facade import ExecSession
    from engine.types.containers import Exec

_KEPT = 2000


@dataclass
class Announced:
    """One command, from its announcement on."""

    id: str
    container_id: str
    request: Exec
    stdout: bool = True
    stderr: bool = True
    detach_keys: bytes = b""
    session: ExecSession | None = None
    starting: bool = False
    exit_code: int | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def running(self) -> bool:
        return self.session is not None and self.exit_code is None


class ExecRegistry:
    """By id, bounded: the oldest that do not run are forgotten first."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Announced] = OrderedDict()

    def announce(
        self, container_id: str, request: Exec, *, stdout: bool, stderr: bool, detach_keys: bytes
    ) -> Announced:
        exec_id = secrets.token_hex(32)
        request = msgspec.structs.replace(request, id=exec_id)
        announced = Announced(exec_id, container_id, request, stdout, stderr, detach_keys)
        self._by_id[announced.id] = announced
        if len(self._by_id) > _KEPT:
            for old in [each for each in self._by_id.values() if not each.running and not each.starting][:100]:
                del self._by_id[old.id]
        return announced

    def get(self, exec_id: str) -> Announced:
        found = self._by_id.get(exec_id)
        if found is None:
            raise Refusal(404, f"No such exec instance: {exec_id[:80]}")
        return found

    def ids_of(self, container_id: str) -> list[str]:
        return [each.id for each in self._by_id.values() if each.container_id == container_id and each.running]

    def forget_container(self, container_id: str) -> None:
        for each in [one for one in self._by_id.values() if one.container_id == container_id]:
            del self._by_id[each.id]

    def started(self, announced: Announced, session: ExecSession) -> None:
        """From now on its end is awaited, whoever still listens."""
        announced.session = session
        task = asyncio.get_running_loop().create_task(self._await_end(announced, session))
        announced.tasks.add(task)
        task.add_done_callback(announced.tasks.discard)

    async def _await_end(self, announced: Announced, session: ExecSession) -> None:
        announced.exit_code = await session.exit_code()

    async def close(self) -> None:
        """Let go of all sessions; their processes go on."""
        tasks = [task for each in self._by_id.values() for task in each.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in self._by_id.values():
            if each.session is not None and each.running:
                with suppress(Exception):
                    await each.session.close()
        self._by_id.clear()
