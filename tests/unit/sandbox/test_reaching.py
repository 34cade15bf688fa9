"""What strangers cannot walk to, and by which directory it is kept from them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.reaching import behind_closed_doors

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def top() -> Iterator[Path]:
    """Open to all, as pytest's own directories are not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        place = Path(name)
        for path in ("root/checkout/engine", "root/checkout/.venv", "root/other", "lib/engine"):
            (place / path).mkdir(parents=True)
        for path in (place, *place.rglob("*")):
            path.chmod(0o755)
        (place / "root").chmod(0o700)
        yield place


def test_what_is_open_needs_nothing(top: Path) -> None:
    assert behind_closed_doors([f"{top}/lib/engine", "/usr", f"{top}/nowhere/engine"]) == {}


def test_what_is_behind_the_first_closed_directory(top: Path) -> None:
    (top / "root" / "checkout").chmod(0o700)
    engine, venv = f"{top}/root/checkout/engine", f"{top}/root/checkout/.venv"
    assert behind_closed_doors([engine, venv, f"{top}/lib/engine", engine]) == {f"{top}/root": [venv, engine]}


def test_what_is_within_another_comes_with_it(top: Path) -> None:
    paths = [f"{top}/root/checkout/engine", f"{top}/root/checkout", f"{top}/root/other"]
    assert behind_closed_doors(paths) == {f"{top}/root": [f"{top}/root/checkout", f"{top}/root/other"]}


def test_a_link_is_followed_to_what_it_means(top: Path) -> None:
    (top / "link").symlink_to(top / "root" / "checkout")
    assert behind_closed_doors([f"{top}/link/engine"]) == {f"{top}/root": [f"{top}/root/checkout/engine"]}


def test_a_directory_that_only_is_closed_itself_is_not_on_the_way(top: Path) -> None:
    """The store makes itself passable; what is closed in itself cannot be helped by another view of its parents."""
    (top / "lib" / "engine").chmod(0o700)
    assert behind_closed_doors([f"{top}/lib/engine"]) == {}
