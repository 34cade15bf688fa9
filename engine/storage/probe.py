"""Which driver to use: the kernel's overlay where it really works, tried on the store's own file system."""

from __future__ import annotations

import errno
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Code, HostError, StorageError, WherryError
from engine.sandbox.keeper.asked.steps import MakeDirectory, Unmount
from engine.storage.drivers import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.drivers import Driver
    from engine.storage.paths import Paths

PREFERENCE = ("overlay", "fuse-overlayfs")


@dataclass(frozen=True)
class DriverChoice:
    name: str
    """"overlay" or "fuse-overlayfs"."""
    reason: str
    """Why, in a sentence for the doctor."""


async def choose(paths: Paths, keeper: Keeper, drivers: Mapping[str, Driver], forced: str) -> DriverChoice:
    """Raises HostError when no driver works; a forced driver that does not work is an error too, never a surprise."""
    if forced:
        await try_out(paths, keeper, drivers[forced])
        return DriverChoice(forced, "It was chosen in the settings, and it works here.")
    if remembered := _recall(paths):
        return remembered
    failures: list[str] = []
    for name in PREFERENCE:
        try:
            await try_out(paths, keeper, drivers[name])
        except WherryError as error:
            failures.append(f"{name}: {error}")
            continue
        reason = "Tried on this file system at the first start: mount, removal, rename and copying up all work."
        if failures:
            reason = f"{reason} Before it, {failures[0]}"
        choice = DriverChoice(name, reason)
        paths.driver_choice.write_text(json.dumps({"name": name, "reason": reason}))
        return choice
    raise HostError(
        "No storage driver works on this machine",
        " ".join(failures),
        hint="Install fuse-overlayfs and make /dev/fuse accessible, or keep the store on ext4, xfs or btrfs.",
    )


def _recall(paths: Paths) -> DriverChoice | None:
    try:
        kept = json.loads(paths.driver_choice.read_text())
        return DriverChoice(str(kept["name"]), str(kept["reason"])) if kept["name"] in PREFERENCE else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


async def try_out(paths: Paths, keeper: Keeper, driver: Driver) -> None:
    """Do with it what containers do. Raises a WherryError that says what did not work."""
    if reason := driver.unavailable():
        raise HostError(f"{driver.name} is not usable", f"{reason}.")
    top = paths.staging / f"probe-{secrets.token_hex(4)}"
    below = {name: top / name for name in ("lower", "upper", "work", "merged")}
    await keeper.execute([MakeDirectory(path=each) for each in (*below.values(), below["lower"] / "directory")])
    relative = {name: str(path.relative_to(paths.root)) for name, path in below.items()}
    try:
        for name in ("changed", "removed", "directory/inside"):
            await keeper.write_file(below["lower"], name, b"below")
        stack = Stack(
            base=paths.root, lower=(relative["lower"],), upper=relative["upper"], work=relative["work"],
            target=below["merged"],
        )  # fmt: skip
        await driver.mount(stack)
        try:
            await _exercise(keeper, driver, below["merged"])
        finally:
            await keeper.execute([Unmount(target=below["merged"], every=True)])
    finally:
        await keeper.remove_tree(top)


async def _exercise(keeper: Keeper, driver: Driver, merged: Path) -> None:
    step = "reading"
    try:
        names = {entry.name for entry in await keeper.list_directory(merged, "/")}
        step = "copying a file up"
        await keeper.write_file(merged, "changed", b"above")
        step = "removing a file of a layer"
        await keeper.remove(merged, "removed")
        step = "making and renaming a directory"
        await keeper.make_directory(merged, "fresh")
        await keeper.rename(merged, "fresh", "renamed")
        step = "removing a directory of a layer and making it anew"
        await keeper.remove(merged, "directory")
        await keeper.make_directory(merged, "directory")
        names |= {entry.name for entry in await keeper.list_directory(merged, "directory")}
        after = {entry.name for entry in await keeper.list_directory(merged, "/")}
    except OSError as error:
        number = errno.errorcode.get(error.errno or 0, "?")
        raise StorageError(
            f"{driver.name} does not work here", f"{step.capitalize()} gives {number}.", code=Code.MOUNT_FAILED
        ) from error
    if names != {"changed", "removed", "directory"} or after != {"changed", "renamed", "directory"}:
        raise StorageError(
            f"{driver.name} does not work here",
            f"It shows {sorted(after)} after {sorted(names)}.",
            code=Code.MOUNT_FAILED,
        )
