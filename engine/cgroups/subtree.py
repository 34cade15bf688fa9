"""A subtree of our own on a v2 host that has no systemd to ask for one.

Controllers can be handed on only from a group that holds no processes (the root of all aside). The group this engine
was started in holds at least the engine, so the place to divide is mostly above: a group that belongs to this user and
is empty itself, as whoever set it up will have meant. Where there is none, and nobody else is in our own group, the
engine steps aside into a leaf of it, and back when it ends.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.cgroups.layout import LIMITING_CONTROLLERS, read_controllers
from engine.cgroups.making import make_group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ASIDE = "wherry-engine"


@dataclass(frozen=True)
class Group:
    """One directory of the v2 tree, as far as dividing it goes."""

    path: Path

    @property
    def is_ours(self) -> bool:
        """May we make groups in it and move processes of ours into them?"""
        needed = (self.path, self.path / "cgroup.procs", self.path / "cgroup.subtree_control")
        return all(os.access(each, os.W_OK) for each in needed)

    @property
    def is_root(self) -> bool:
        """The top of the kernel's tree, not of what a container is shown."""
        return not (self.path / "cgroup.type").exists()

    @property
    def is_divisible(self) -> bool:
        """Without processes, or the root. The kernel would hand on cpu and pids of others too, and spoil them by it.

        Such a group becomes the root of a threaded subtree, whose groups no process can enter.
        """
        try:
            return self.is_root or not self.processes
        except OSError:  # of a group that is threaded already, nothing is told
            return False

    @property
    def processes(self) -> frozenset[int]:
        return frozenset(int(line) for line in (self.path / "cgroup.procs").read_text().split())

    @property
    def offered(self) -> frozenset[str]:
        """Of the controllers that limit, those it may hand on once it holds no processes."""
        return read_controllers(self.path)

    @property
    def handed_on(self) -> frozenset[str]:
        """Of the controllers that limit, those that groups in this one have."""
        return frozenset((self.path / "cgroup.subtree_control").read_text().split()) & frozenset(LIMITING_CONTROLLERS)

    def hand_on(self) -> frozenset[str]:
        """Hand on all that may be; each by itself, for one that is refused must not take the others with it."""
        for controller in sorted(self.offered):
            self.control(f"+{controller}")
        return self.handed_on

    def control(self, word: str) -> None:
        with contextlib.suppress(OSError):
            (self.path / "cgroup.subtree_control").write_text(word)

    def take_in(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            (self.path / "cgroup.procs").write_text(str(pid))

    def make(self) -> None:
        make_group(self.path)

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def child(self, name: str) -> Group:
        return type(self)(self.path / name)

    @property
    def parent(self) -> Group:
        return type(self)(self.path.parent)


@dataclass
class Subtree:
    """The group to make ours in. `close` undoes what was done to get it."""

    group: Group
    home: Group
    """Where the engine itself is: below the group it divides, if there was no other way."""
    aside: bool = False
    """Whether it stepped aside into that, and the group hands on controllers for this alone."""

    def close(self) -> None:
        """Once no group of ours is left in it."""
        if not self.aside:
            return
        for controller in sorted(self.group.handed_on):
            self.group.control(f"-{controller}")
        for pid in self.home.processes:
            self.group.take_in(pid)
        self.home.remove()


def find(mount: Path, own: Group, ours: frozenset[int]) -> Subtree | None:
    """Where to make groups, starting from the group we are in; `ours` are the processes that are the engine."""
    for group in _upwards(mount, own):
        if group.is_divisible and group.hand_on():
            return Subtree(group, home=own)
    if not own.is_ours:
        return None
    return _stepped_aside(own, ours) or Subtree(own, home=own)


def prospect(mount: Path, own: Group) -> frozenset[str]:
    """The controllers that `find` will have for containers, as far as looking can tell; nothing is changed."""
    for group in _upwards(mount, own):
        if group.is_divisible and group.offered:
            return group.offered
    return frozenset()


def _upwards(mount: Path, own: Group) -> Iterator[Group]:
    group = own
    while group.is_ours:
        yield group
        if group.path == mount:
            return
        group = group.parent


def _stepped_aside(own: Group, ours: frozenset[int]) -> Subtree | None:
    if not own.processes <= ours or not own.offered:
        return None
    aside = own.child(_ASIDE)
    aside.make()
    for pid in own.processes:
        aside.take_in(pid)
    subtree = Subtree(own, home=aside, aside=True)
    if own.hand_on():
        return subtree
    subtree.close()
    return None
