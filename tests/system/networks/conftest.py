"""The real engine with a busybox image in it."""

from __future__ import annotations

from tests.system.containers.conftest import loaded

__all__ = ["loaded"]
