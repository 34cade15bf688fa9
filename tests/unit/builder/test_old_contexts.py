"""What clients sent to be built is kept for their next build, and not for ever."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from engine.builder.sweep import forget_old_contexts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_context_that_nobody_came_back_for_is_forgotten(tmp_path: Path) -> None:
    forget_old_contexts(tmp_path / "none")
    for name, days in (("new", 1), ("old", 15)):
        (tmp_path / name / "deep").mkdir(parents=True)
        os.utime(tmp_path / name, (time.time() - days * 86_400,) * 2)

    forget_old_contexts(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["new"]
