"""Which version this is: of the installed package, or of the checkout it runs from. Light: commands ask too."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def own_version() -> str:
    project = Path(__file__).parents[1] / "pyproject.toml"
    if project.exists():  # a checkout; its installed metadata may be of another day
        import tomllib

        return str(tomllib.loads(project.read_text())["project"]["version"])
    from importlib import metadata

    try:
        return metadata.version("wherry")
    except metadata.PackageNotFoundError:
        return "unknown"
