"""The image's passwd is read once, and never believed where a container wrote over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.containers.run.accounts import AccountFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Image:
    def __init__(self, text: str) -> None:
        self.text = text
        self.reads = 0

    async def look(self, path: str) -> str:
        assert path == "/etc/passwd"
        self.reads += 1
        return self.text


async def test_it_is_read_once_for_all_containers_of_an_image(tmp_path: Path) -> None:
    files, image = AccountFiles(), Image("root:x:0:0::/root:/bin/sh\n")

    for name in ("one", "two"):
        assert await files.read(("a", "b"), tmp_path / name, "passwd", image.look) == image.text
    await files.read(("a", "c"), tmp_path / "one", "passwd", image.look)

    assert image.reads == 2


def replace(upper: Path) -> None:
    (upper / "etc").mkdir(parents=True)
    (upper / "etc" / "passwd").write_text("other")


def put_a_link(upper: Path) -> None:
    upper.mkdir()
    (upper / "etc").symlink_to("elsewhere")


def hide(upper: Path) -> None:
    upper.mkdir()
    (upper / "etc").write_text("a whiteout is no directory either")


@pytest.mark.parametrize("change", [replace, put_a_link, hide])
async def test_a_container_that_wrote_over_it_is_asked_itself(tmp_path: Path, change: Callable[[Path], None]) -> None:
    files, image = AccountFiles(), Image("the image's")
    await files.read(("a",), tmp_path / "fresh", "passwd", image.look)
    change(tmp_path / "upper")
    changed = Image("its own")

    assert await files.read(("a",), tmp_path / "upper", "passwd", changed.look) == "its own"
    assert await files.read(("a",), tmp_path / "fresh", "passwd", changed.look) == "the image's"


async def test_other_files_in_etc_change_nothing(tmp_path: Path) -> None:
    files, image = AccountFiles(), Image("the image's")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hosts").touch()

    for _ in range(3):
        await files.read(("a",), tmp_path, "passwd", image.look)

    assert image.reads == 1
