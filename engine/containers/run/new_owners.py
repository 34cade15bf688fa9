"""Files of a mount that were asked to belong to the container's user: changed once, and remembered.

A start that gave them anew each time would walk through everything, and take back what the service or its owner changed
since. What was given stands in a file beside the container's tree, and goes with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import InvalidRequest
from engine.processes.programs import need_program

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.sandbox.client import Keeper

_PATIENCE_SECONDS = 3600.0
"""Of a tree as large as disks are."""


class NewOwner(NamedTuple):
    """All of a tree to a user of the container."""

    source: str
    uid: int
    gid: int

    def describe(self) -> str:
        return f"give {self.source} to {self.uid}:{self.gid}"


async def give(keeper: Keeper, wanted: Iterable[NewOwner], container: Path) -> None:
    """Those that were not given before. A refusal ends the start: the service would fail later, and darkly."""
    changes = list(wanted)
    if not changes:
        return
    memory = container / "new-owners.json"
    given = {tuple(each) for each in json.loads(memory.read_text())} if memory.exists() else set()
    for change in changes:
        if tuple(change) in given:
            continue
        command = [need_program("chown"), "-hR", f"{change.uid}:{change.gid}", "--", change.source]
        done = await keeper.run(command, timeout=_PATIENCE_SECONDS)
        if done.code:
            raise InvalidRequest(
                f"The files in {change.source} cannot be given to the container's user",
                done.stderr.decode(errors="replace").strip().partition("\n")[0],
                hint="Mount it without “U”, or change the owners yourself.",
                subject=change.source,
            )
        given.add(tuple(change))
        memory.write_text(json.dumps(sorted(given)))
