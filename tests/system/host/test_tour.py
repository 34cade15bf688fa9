"""`wherry tour` does the main job from nothing and leaves nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

REPOSITORY = Path(__file__).parents[3]
STOPS = (
    "cleaned up",
    "engine open",
    "demo image made",
    "service started",
    "page fetched",
    "log read",
    "stats read",
    "still answers",
)


def tour(store: ShortTmp, *options: str, program: Path = REPOSITORY) -> str:
    # Both of the tour's directories below the test's own, so that the leak check knows them.
    environment = {**os.environ, "TMPDIR": str(store.path), "XDG_RUNTIME_DIR": str(store.run)}
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "tour", *options],
        env=environment,
        cwd=program,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.also_as_root
def test_tour_without_the_window(short_tmp: ShortTmp) -> None:
    output = tour(short_tmp, "--no-window")

    assert [stop for stop in STOPS if stop not in output] == []
    assert not list(short_tmp.path.glob("wherry-tour-*"))
    assert not list(short_tmp.run.glob("wherry-tour-*"))


@pytest.mark.also_as_root
def test_tour_of_a_program_in_a_closed_home(short_tmp: ShortTmp) -> None:
    """Started by root, a container's root is a stranger who may not enter /root, where root's checkouts are."""
    home = short_tmp.path / "home"
    home.mkdir(mode=0o700)
    for name in ("engine", "resources"):
        shutil.copytree(REPOSITORY / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    assert "still answers" in tour(short_tmp, "--no-window", program=home)


@pytest.mark.timeout(180)
def test_tour_pictures_the_window(short_tmp: ShortTmp, tmp_path: Path) -> None:
    output = tour(short_tmp, "--pictures", str(tmp_path / "pictures"))

    assert "window pictured" in output
    pictures = list((tmp_path / "pictures").glob("*.png"))
    assert len(pictures) >= 3
    assert all(picture.stat().st_size > 5_000 for picture in pictures), "a blank picture is small"
