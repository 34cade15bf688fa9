"""Builds of one context at the same time keep what they know of its files in one place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from engine.builder.context.directory import ContextEntry, FileDigests

if TYPE_CHECKING:
    from pathlib import Path


def test_builds_that_end_together_all_keep_their_digests(tmp_path: Path) -> None:
    entry = ContextEntry("a", 0o100644, 1, 2, 3, 4)

    def build(_: int) -> str:
        digests = FileDigests(tmp_path / "kept")
        digests.remember(entry, "digest")
        digests.save()
        return FileDigests(tmp_path / "kept").known(entry)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(build, range(400))) == {"digest"}
