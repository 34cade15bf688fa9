"""Where contexts that a client sends are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.api.serving import Served


@pytest.fixture
def contexts(api: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fake engine has no directory for them of its own."""

    async def context_place(name: str) -> str:
        return str(tmp_path / "contexts" / name)

    monkeypatch.setattr(api.engine.builds, "context_place", context_place)
    return tmp_path / "contexts"
