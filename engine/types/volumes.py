"""Volumes: directories that outlive containers."""

from __future__ import annotations

from datetime import datetime

from engine.types.data import Data


class CreateVolume(Data, frozen=True, kw_only=True):
    name: str = ""
    labels: dict[str, str] = {}
    driver: str = "local"
    options: dict[str, str] = {}


class Volume(Data, frozen=True, kw_only=True):
    name: str
    created: datetime
    mountpoint: str
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    anonymous: bool = False
    used_by: tuple[str, ...] = ()
    """Container ids."""
    size: int | None = None
    """Last measured size in bytes; None while never measured."""
    size_measured: datetime | None = None
