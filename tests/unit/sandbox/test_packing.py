"""Trees as tar streams: what is in them under which name, and the same bytes for the same files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.asked.steps import MakeDirectory
from tests.support.archives import members, packed

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


async def test_one_file_or_directory_under_another_name(keeper: Keeper, paths: Paths) -> None:
    source = paths.staging / "source"
    await keeper.execute([MakeDirectory(path=source / "dir" / "sub")])
    await keeper.write_file(source, "dir/sub/file", b"contents")

    assert set(members(await packed(keeper, source, path="/dir", name="dir"))) == {"dir", "dir/sub", "dir/sub/file"}
    assert set(members(await packed(keeper, source, path="/dir/sub/file"))) == {"file"}
    assert set(members(await packed(keeper, source, path="dir/sub/file", name="other"))) == {"other"}


async def test_nobody_who_reads_ends_it(keeper: Keeper, paths: Paths) -> None:
    source = paths.staging / "source"
    await keeper.execute([MakeDirectory(path=source)])
    await keeper.write_file(source, "big", bytes(4 << 20))
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(BrokenPipeError):
        await keeper.pack(source, write)
    os.close(write)
