"""Plans carried out in the keeper's namespace, what is mounted there, and network namespaces."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from engine.errors import Code, StorageError, disk_refuses
from engine.sandbox.asking import Asking
from engine.sandbox.failures import ReplyError, translated
from engine.sandbox.keeper.asked.mounts import CreateNetns, CreateShared, Execute, Mount, OpenSockets, RemoveNetns
from engine.sandbox.keeper.asked.mounts import Mounts as AskMounts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.keeper.asked.steps import Step

_NETFILTER = 12
"""Of netlink's protocols."""


class Mounts(Asking):
    async def execute(self, plan: Sequence[Step]) -> None:
        """Run a plan in order, up to the first failure."""
        try:
            await self._carry(Execute([(type(step).__name__, step) for step in plan]))
        except ReplyError as error:
            if error.kind != "os":
                raise translated(error) from None
            step = plan[error.step]
            failed = f"Could not {step.describe()}"
            details = f"{step}\n{error.text}: {error.path}"
            refused = disk_refuses(error.errno, f"{failed}.", details=details)
            raise refused or StorageError(
                failed, f"{os.strerror(error.errno)}.", code=Code.MOUNT_FAILED, details=details
            ) from OSError(error.errno, error.text, error.path)

    async def mounts(self, within: Path | None = None) -> list[Mount]:
        """What is mounted in the namespace; `within` leaves most of those out that have nothing to do with that
        directory."""
        answer = await self._ask(AskMounts(within or ""))
        return [Mount(*each) for each in answer.values]

    async def create_netns(self, path: Path) -> None:
        """Make a network namespace with its loopback up, owned by our user namespace, and pin it at `path`."""
        await self._ask(CreateNetns(path))

    async def create_shared(self, directory: Path, hostname: str) -> None:
        """Make the namespaces that containers of a pod share beside the network, pinned as `ipc` and `uts` there."""
        await self._ask(CreateShared(directory, hostname))

    async def remove_netns(self, path: Path) -> None:
        """Let go of one; not being there is no failure."""
        await self._ask(RemoveNetns(path))

    async def open_sockets(self, namespace: str, family: int, count: int) -> list[socket.socket]:
        """Unconnected TCP sockets that live in a network namespace: whoever connects them is in it."""
        asked = OpenSockets(namespace, family, socket.SOCK_STREAM, 0, count)
        found = [socket.socket(fileno=fd) for fd in (await self._ask(asked)).fds]
        for each in found:
            each.setblocking(False)  # noqa: FBT003 - its name says what
        return found

    async def speak_to_filter(self, namespace: Path) -> socket.socket:
        """A socket to the packet filter of a namespace, which answers at once."""
        asked = OpenSockets(str(namespace), socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER, 1)
        [fd] = (await self._ask(asked)).fds
        return socket.socket(fileno=fd)
