"""The base of all types, and the few that several rooms share."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A frozen record with keyword-only fields."""


def now() -> datetime:
    """The current time as every snapshot carries it."""
    return datetime.now(UTC)


class Platform(Data, frozen=True, kw_only=True):
    """Which machine an image is for, as `os/architecture[/variant]`."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Freed(Data, frozen=True, kw_only=True):
    """What a removal or a prune took away."""

    ids: tuple[str, ...] = ()
    bytes: int = 0
