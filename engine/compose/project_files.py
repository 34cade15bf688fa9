"""Where compose files are looked for, and what a project is called that has no other name. For the command too, so
light."""

from __future__ import annotations

import os
import re

STANDARD_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


def project_name(text: str) -> str:
    """A directory's name as a project's: small letters, figures, dashes and underscores."""
    return re.sub(r"[^-_a-z0-9]", "", text.lower()).lstrip("_-")


def files_in(folder: str) -> list[str]:
    """The compose file of a folder with those that are read over it; nothing where it has none."""
    for name in STANDARD_NAMES:
        if os.path.isfile(os.path.join(folder, name)):
            found = [os.path.join(folder, each) for each in (name, *OVERRIDES)]
            return [each for at, each in enumerate(found) if at == 0 or os.path.isfile(each)]
    return []


def files_of(path: str) -> list[str]:
    """What a folder or a file stands for: a compose file of the usual name is read with its overrides."""
    if os.path.isdir(path):
        return files_in(path)
    name = os.path.basename(path)
    beside = files_in(os.path.dirname(path)) if name in STANDARD_NAMES else []
    if path in beside[:1]:
        return beside
    usual = name in (*STANDARD_NAMES, *OVERRIDES) or (
        name.endswith((".yml", ".yaml")) and name.startswith(("compose", "docker-compose"))
    )
    return [path] if usual else []
