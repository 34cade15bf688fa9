"""The window on the fake engine, as tests/gui has it, and pinned looks."""

from __future__ import annotations

from tests.gui.conftest import driver, make_driver, settings, window_loop

__all__ = ["driver", "make_driver", "settings", "window_loop"]
