"""A builder, as tests/system/builder has it."""

from __future__ import annotations

from tests.system.builder.conftest import builder

__all__ = ["builder"]
