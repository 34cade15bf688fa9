"""How the keeper is to begin, and its first words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ranges = Sequence[Sequence[int]]
    """(inside, outside, count) of each run of ids."""


class Setup(NamedTuple):
    state: str
    """The file that says how the namespaces are found again."""
    uids: Ranges
    gids: Ranges
    host_root: bool
    """Started by the host's root, to whom the namespace's is a stranger."""
    reach: Sequence[str]
    """What the namespace must reach of places that only the host's root may enter."""
    cgroup_view: str
    directories: Sequence[str]
    staging: str
    open_files: tuple[int, int]
    """What a program that is started may have open, soft and hard."""
    own_mounts: Sequence[str]
    """Below these, a mount keeps the namespaces alive."""


class Entered(NamedTuple):
    """It serves."""

    keeper: int
    joined: bool
    """The namespaces were there already."""
    pin: int
    hybrid_cgroups: bool


class Refused(NamedTuple):
    """It does not, and ends."""

    stage: str
    text: str
    errno: int
