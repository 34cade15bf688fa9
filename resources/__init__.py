"""Everything the program carries that is not code, reached through one function."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """The path of a carried file or folder, by its path below this package. Unknown names raise FileNotFoundError."""
    path = _ROOT / name
    if not path.exists():
        raise FileNotFoundError(f"no resource {name!r}")
    return path
