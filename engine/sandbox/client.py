"""The engine's end of the keeper: start it, ask it, and survive its death.

Every failure the kernel reports comes back as the `OSError` it was (with the path it was about); a plan that fails as
`StorageError(MOUNT_FAILED)`; a bad archive as `StorageError(BAD_ARCHIVE)`; a keeper that died under a call as
`KeeperLost`. The keeper is then started again by itself and joins the same namespaces: containers and mounts stay.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import HostError, WherryError
from engine.processes import open_files
from engine.sandbox import closing, subordinate
from engine.sandbox.bridges import Bridges
from engine.sandbox.channel import Channel, ChannelClosed
from engine.sandbox.failures import TRIES, KeeperLost, ReplyError, may_be_repeated
from engine.sandbox.files import Files
from engine.sandbox.keeper.asked.programs import Close
from engine.sandbox.keeper.asked.setup import Refused, Setup
from engine.sandbox.mounts import Mounts
from engine.sandbox.programs import Programs
from engine.sandbox.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple

    from engine.sandbox.asking import Answer
    from engine.sandbox.ids import IdMapping
    from engine.storage.paths import Paths

log = logging.getLogger(__name__)

_PROGRAMS = Path(__file__).parents[1]
"""Where what runs in the namespace is: the keeper, and the small programs that the rooms start there."""

HINTS = {
    "user-namespace": (
        "Allow unprivileged user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`; on Ubuntu also"
        " `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
    ),
    "mount-namespace": (
        "The user namespace has no rights in it, as AppArmor does on Ubuntu:"
        " `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
    ),
    "id-map": "Check that newuidmap and newgidmap are installed (package uidmap) and /etc/subuid has a range for you.",
}


class Keeper(Programs, Mounts, Bridges, Trees, Files):
    """One per engine."""

    def __init__(self, paths: Paths, ids: IdMapping) -> None:
        super().__init__()
        self.paths = paths
        self.ids = ids
        self.hybrid_cgroups = False
        """cgroup v2 was put over /sys/fs/cgroup in the keeper's mount namespace; the rest is at `paths.cgroup_view`."""
        self.joined = False
        """The namespaces were there already: containers of an earlier engine may be running in them."""
        self.pid = 0
        self.processes: tuple[int, ...] = ()
        """The keeper, and what keeps its namespaces between two keepers."""
        self._channel: Channel | None = None
        self._starting = asyncio.Lock()
        self._closing = False
        self._listeners: list[Callable[[], None]] = []
        self._revival: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, paths: Paths) -> Keeper:
        """Make the directories of the store, start the keeper, join the namespaces that still exist or make new."""
        closing.make_root(paths)
        keeper = cls(paths, subordinate.plan(paths.id_map))
        closing.make_closed(paths, keeper.ids)
        await keeper._living()
        return keeper

    async def close(self) -> None:
        """End the keeper. The namespaces go with it unless something is still mounted in them."""
        self._closing = True
        if self._revival:
            self._revival.cancel()
            with contextlib.suppress(asyncio.CancelledError, WherryError):
                await self._revival
        if self._channel and not self._channel.closed:
            with contextlib.suppress(ChannelClosed, ReplyError):
                await self._channel.call(Close())
            self._channel.shut()
        self._forget_children()

    def on_restart(self, listener: Callable[[], None]) -> None:
        """Called on the loop after a keeper that died was replaced."""
        self._listeners.append(listener)

    # --- the wire ---

    async def _carry(
        self, operation: NamedTuple, fds: Sequence[int] = (), progress: Callable[[int], None] | None = None
    ) -> Answer:
        for attempt in range(TRIES if may_be_repeated(operation) else 1):
            channel = await self._living()
            with contextlib.suppress(ChannelClosed):
                return await channel.call(operation, fds, progress, repeated=attempt > 0)
        doing = type(operation).__name__
        raise KeeperLost(
            "The keeper died while it worked", f"It was doing “{doing}”.", hint="Another is started; try again."
        )

    async def _living(self) -> Channel:
        """The channel to a keeper that lives, started if need be."""
        if self._channel and not self._channel.closed:
            return self._channel
        async with self._starting:
            if self._channel and not self._channel.closed:
                return self._channel
            if self._closing:
                raise KeeperLost("The engine is closing")
            self._channel = await self._start()
            return self._channel

    async def _start(self) -> Channel:
        log = self.paths.keeper_log
        channel, words = await Channel.start(self._setup(), log, self._child_ended, self._lost)
        if isinstance(words, Refused):
            channel.shut()
            raise HostError(
                "This machine does not let us make containers", f"{words.text}.", hint=HINTS.get(words.stage, ""),
                details=f"stage {words.stage}, errno {words.errno}", subject=words.stage,
            )  # fmt: skip
        self.pid, self.joined = words.keeper, words.joined
        self.processes = (self.pid, words.pin)
        self.hybrid_cgroups = words.hybrid_cgroups
        return channel

    def _setup(self) -> Setup:
        paths = self.paths
        own = (paths.containers, paths.builds, paths.volumes, paths.network_namespaces)
        return Setup(
            state=str(paths.namespaces),
            uids=[[each.inside, each.outside, each.count] for each in self.ids.uids],
            gids=[[each.inside, each.outside, each.count] for each in self.ids.gids],
            host_root=self.host_root,
            reach=[str(_PROGRAMS), sys.prefix, sys.base_prefix, str(paths.root), str(paths.run)],
            cgroup_view=str(paths.cgroup_view),
            directories=[str(each) for each in paths.owned_by_namespace],
            staging=str(paths.staging),
            open_files=open_files.usual(),
            own_mounts=[f"{each}/" for each in own],
        )

    @property
    def _is_there(self) -> bool:
        return self._channel is not None and not self._channel.closed

    def _lost(self) -> None:
        """The keeper died under us. Its children live on; start another at once."""
        if self._closing:
            self._forget_children()  # it went because it was told to
            return
        self._orphan_children()
        log.warning("the keeper died; starting another")
        self._revival = asyncio.get_running_loop().create_task(self._revive())

    async def _revive(self) -> None:
        try:
            await self._living()
        except WherryError as error:
            # The next call tries again, and raises.
            log.error("no new keeper: %s", error)
            return
        for listener in self._listeners:
            listener()
