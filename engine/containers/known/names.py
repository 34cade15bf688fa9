"""Names and ids of containers: inventing them, checking them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest
from engine.recipe.checks import is_name

if TYPE_CHECKING:
    from collections.abc import Container

_HOW = (
    "amber", "brisk", "calm", "clear", "deft", "eager", "fair", "fleet", "gentle", "glad", "keen", "lucid", "merry",
    "mild", "nimble", "placid", "quick", "quiet", "ready", "serene", "sleek", "spry", "steady", "sunny", "swift",
    "tidy", "true", "vivid", "warm", "wise",
)  # fmt: skip
_WHAT = (
    "anchor", "barge", "beacon", "boatman", "breeze", "buoy", "canal", "coracle", "crane", "current", "dinghy", "dock",
    "eddy", "ferry", "gangway", "gull", "harbour", "heron", "jetty", "keel", "lantern", "mooring", "oar", "otter",
    "paddle", "pier", "quay", "reed", "rudder", "sail", "skiff", "swan", "tide", "tiller", "wharf",
)  # fmt: skip


def new_id() -> str:
    return secrets.token_hex(32)


def invent_name(taken: Container[str]) -> str:
    """Two words nobody has yet; with a number when luck runs out."""
    for attempt in range(200):
        name = f"{secrets.choice(_HOW)}-{secrets.choice(_WHAT)}"
        if attempt >= 20:
            name = f"{name}-{secrets.randbelow(10_000)}"
        if name not in taken:
            return name
    return f"container-{secrets.token_hex(6)}"


def check_name(name: str) -> str:
    """A name as Docker takes it; a leading slash, which its API likes, is dropped."""
    bare = name.removeprefix("/")
    if not is_name(bare):
        raise InvalidRequest(
            f"“{name[:80]}” is no good as a name",
            "A name begins with a letter or digit and goes on with letters, digits, dots, dashes and underscores.",
            hint="Choose another name.",
            subject=name[:80],
        )
    return bare
