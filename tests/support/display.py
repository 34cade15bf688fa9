"""A real X server (Xvfb) for tests that need more than Qt's offscreen platform."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serve_display(directory: Path, *, width: int = 1280, height: int = 800, for_session: bool = False) -> Iterator[str]:
    """Run an X server; gives the value for DISPLAY. The server picks a free number itself."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.fail("Xvfb is missing: apt-get install xvfb")
    readable, writable = os.pipe()
    argv = [program, "-displayfd", str(writable), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    try:
        with running(argv, log=directory / "xvfb.log", pass_fds=[writable], for_session=for_session):
            os.close(writable)
            writable = -1
            number = os.read(readable, 16).decode().strip()  # blocks until it listens, or ends with b""
            if not number:
                pytest.fail(f"Xvfb did not start:\n{(directory / 'xvfb.log').read_text(errors='replace')}")
            yield f":{number}"
    finally:
        os.close(readable)
        if writable >= 0:
            os.close(writable)
