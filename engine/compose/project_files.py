"""Where compose files are looked for, and what a project is called that has no other name. For the command too, so
light."""

from __future__ import annotations

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
