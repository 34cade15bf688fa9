"""Which version this is: of the installed package, or of the checkout it runs from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def version() -> str:
    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.exists():  # a checkout; its installed metadata may be of another day
        return str(tomllib.loads(project.read_text())["project"]["version"])
    try:
        return metadata.version("wherry")
    except metadata.PackageNotFoundError:
        return "unknown"
