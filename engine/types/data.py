"""The base of all types, and the few that several rooms share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

HISTORY = "history:"
"""Before a container's name: what all containers of that name have left, in logs and in figures."""


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


class LabelRule(Data, frozen=True, kw_only=True):
    """Labels a thing must have and must not have. "" as a value stands for any."""

    wanted: dict[str, str] = {}
    unwanted: dict[str, str] = {}

    def allows(self, labels: Mapping[str, str]) -> bool:
        return all(_has(labels, key, value) for key, value in self.wanted.items()) and not any(
            _has(labels, key, value) for key, value in self.unwanted.items()
        )


def _has(labels: Mapping[str, str], key: str, value: str) -> bool:
    return key in labels and value in ("", labels[key])


ANY_LABELS = LabelRule()
