"""One volume brought to what another is: only what differs is sent, and both are compared at the end.

A first pass over an empty volume sends all; a second one, or one after a cut, what is other than it was.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Code, StorageError, Unsupported
from engine.moving.tar_walk import TarWalk, walked
from engine.operations.streams import closable
from engine.types.files import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from engine.facade import Engine
    from engine.types.files import FileMark

Marks = dict[str, "FileMark"]


OWNERS = "files.owners"


def tells_owners(*engines: Engine) -> bool:
    return not any(engine.capabilities.why_not(OWNERS) for engine in engines)


def _comparable(found: Marks, *, owners: bool) -> Marks:
    """Without what one of the two does not tell."""
    if owners:
        return found
    return {path: msgspec.structs.replace(mark, uid=0, gid=0) for path, mark in found.items()}


async def marks(engine: Engine, volume: str) -> Marks:
    """What is in it, by path; worked out where it is."""
    found = await engine.files.marks(Place(kind="volume", id=volume))
    return {mark.path: mark for mark in found}


async def level(
    source: Engine,
    target: Engine,
    volume: str,
    new_name: str,
    there: Marks | None,
    told: Callable[[int], None],
) -> Marks:
    """Gives what the target has now. `there` is what it had; None is not known."""
    there = await marks(target, new_name) if there is None else there
    if not set(there) - {""}:
        return await _all(source, target, volume, new_name, told)
    here = await marks(source, volume)
    owners = tells_owners(source, target)
    before, now = _comparable(there, owners=owners), _comparable(here, owners=owners)
    changed = {path for path, mark in now.items() if before.get(path) != mark}
    gone = [path for path in there if path not in here]
    replaced = [path for path in changed if path in there and there[path].kind != here[path].kind]
    try:
        await _remove(target, new_name, [*gone, *replaced])
    except Unsupported:
        # Docker takes nothing away but by a command: the volume is made anew instead.
        await _anew(target, new_name)
        return await _all(source, target, volume, new_name, told)
    if changed:
        await _send(source, target, volume, new_name, TarWalk(_among(here, changed), marking=False), told)
    return here


def _among(here: Mapping[str, FileMark], changed: Collection[str]) -> Callable[[str], bool]:
    """What changed, and what a changed hard link leads to."""
    wanted = {*changed, *(here[path].link for path in changed if here[path].kind == "hardlink")}
    return wanted.__contains__


async def _all(source: Engine, target: Engine, volume: str, new_name: str, told: Callable[[int], None]) -> Marks:
    walk = TarWalk()
    await _send(source, target, volume, new_name, walk, told)
    return walk.marks


async def _send(
    source: Engine, target: Engine, volume: str, new_name: str, walk: TarWalk, told: Callable[[int], None]
) -> None:
    pieces = source.files.download(Place(kind="volume", id=volume), "/")
    async with contextlib.aclosing(walked(closable(pieces), walk, told=told)) as tar:
        await target.files.upload(Place(kind="volume", id=new_name), "/", tar, copy_owner=True)


async def _remove(target: Engine, volume: str, paths: Collection[str]) -> None:
    """The uppermost only: what is below goes with it."""
    wanted = set(paths)
    for path in sorted(wanted):
        parents = path.split("/")[:-1]
        if not any("/".join(parents[:count]) in wanted for count in range(1, len(parents) + 1)):
            await target.files.remove(Place(kind="volume", id=volume), f"/{path}")


async def _anew(target: Engine, volume: str) -> None:
    from engine.types.volumes import CreateVolume

    known = await target.volumes.get(volume)
    await target.volumes.remove(volume)
    await target.volumes.create(CreateVolume(name=volume, labels=known.labels, options=known.options))


async def must_equal(source: Engine, target: Engine, volume: str, here: Marks) -> None:
    """Read again where it arrived, file by file by its digest."""
    owners = tells_owners(source, target)
    here, there = _comparable(here, owners=owners), _comparable(await marks(target, volume), owners=owners)
    wrong = [path for path, mark in here.items() if path and there.get(path) != mark]
    wrong += [path for path in there if path and path not in here]
    if wrong:
        raise StorageError(
            f"The volume {volume} did not arrive as it is",
            f"“{wrong[0]}” differs" + (f", and {len(wrong) - 1} more" if len(wrong) > 1 else "") + ".",
            code=Code.DIGEST_MISMATCH,
            subject=volume,
        )
