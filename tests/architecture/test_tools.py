"""ruff and mypy, as tests: the same settings for everybody, from pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import PACKAGES, REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def run(*argv: str) -> None:
    done = subprocess.run([sys.executable, "-m", *argv], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-8000:]}{done.stderr[-2000:]}"


def test_ruff_check() -> None:
    run("ruff", "check", "--no-cache", "--output-format=concise", ".")


def test_ruff_format() -> None:
    run("ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.timeout(600)
def test_mypy(tmp_path_factory: pytest.TempPathFactory) -> None:
    run("mypy", "--cache-dir", str(_cache(tmp_path_factory)), *(word for name in PACKAGES for word in ("-p", name)))


@pytest.mark.timeout(600)
def test_mypy_on_what_tests_stand_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    packages = ("tests.support", "tests.architecture")
    run("mypy", "--cache-dir", str(_cache(tmp_path_factory)), *(word for name in packages for word in ("-p", name)))


def _cache(factory: pytest.TempPathFactory) -> Path:
    """The checkout's own cache where it may be written, so that a second run is quick."""
    own = REPOSITORY / ".mypy_cache"
    try:
        own.mkdir(exist_ok=True)
        (own / ".writable").touch()
    except OSError:
        return factory.getbasetemp().parent / "wherry-mypy"
    return own
