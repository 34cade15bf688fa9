"""Whether a window can open is known before Qt is asked."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gui.display import why_no_window

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

NOBODY = {"XDG_RUNTIME_DIR": "/nowhere", "DISPLAY": ":4095"}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "no display here"),
        (NOBODY, "display :4095 does not answer"),
        (NOBODY | {"WAYLAND_DISPLAY": "wayland-7"}, "display wayland-7 does not answer"),
        ({"DISPLAY": "elsewhere:0"}, ""),
        ({"QT_QPA_PLATFORM": "offscreen"}, ""),
        ({"QT_QPA_PLATFORM": "vnc:port=5"}, ""),
    ],
)
def test_what_is_said(environment: dict[str, str], words: str) -> None:
    said = why_no_window(environment)

    assert (words in said) if words else said == ""


def test_a_listening_compositor_is_enough(short_tmp: ShortTmp) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short_tmp.run / "wayland-0"))
        server.listen()

        assert why_no_window({"XDG_RUNTIME_DIR": str(short_tmp.run), "WAYLAND_DISPLAY": "wayland-0"}) == ""


def test_the_window_says_so_instead_of_aborting() -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, "-m", "gui"],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.returncode, "wherry tour" in done.stderr) == (1, True), done.stderr
