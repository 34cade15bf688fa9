"""ruff and mypy, as tests: the same settings for everybody, from pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, REPOSITORY


def run(*argv: str) -> None:
    done = subprocess.run([sys.executable, "-m", *argv], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-8000:]}{done.stderr[-2000:]}"


def test_ruff_check() -> None:
    run("ruff", "check", "--no-cache", "--output-format=concise", ".")


def test_ruff_format() -> None:
    run("ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.timeout(600)
def test_mypy() -> None:
    packages = (*PACKAGES, "tests.support", "tests.architecture")
    run("mypy", "--cache-dir", str(_cache()), *(word for name in packages for word in ("-p", name)))


def _cache() -> Path:
    """The checkout's own cache where it may be written, else one in the home directory: a second run is quick."""
    own = REPOSITORY / ".mypy_cache"
    try:
        own.mkdir(exist_ok=True)
        probe = own / ".writable"
        probe.touch()
        probe.unlink()
    except OSError:
        return Path.home() / ".cache" / "wherry-mypy"
    return own
