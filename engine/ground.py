"""What an engine stands on: a keeper in namespaces, control groups, and the two programs that run containers.

Handed to the engine by who opens it, so that all of it also runs on a machine that a test keeps in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cgroups.tree import CgroupTree
from engine.processes.crun import Crun
from engine.processes.programs import need_program
from engine.sandbox.client import Keeper

if TYPE_CHECKING:
    from engine.storage.paths import Paths


class Ground:
    """This machine's, as the kernel and the distribution have it."""

    async def keeper(self, paths: Paths) -> Keeper:
        return await Keeper.open(paths)

    async def cgroups(self, paths: Paths, keeper: Keeper) -> CgroupTree:
        return await CgroupTree.open(paths.root, keeper.processes)

    def crun(self, paths: Paths) -> Crun:
        return Crun.find(paths.crun_root)

    def conmon(self) -> str:
        return need_program("conmon")
