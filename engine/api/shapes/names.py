"""Image references in the short spelling that Docker prints: no `docker.io/`, no `library/`."""

from __future__ import annotations

_HUB = "docker.io/"


def familiar(reference: str) -> str:
    if not reference.startswith(_HUB):
        return reference
    short = reference.removeprefix(_HUB)
    bare = short.removeprefix("library/")
    # "library/" itself may hold a path further down only as a user's own word.
    return bare if "/" not in bare.partition(":")[0].partition("@")[0] else short


def tagged(reference: str) -> str:
    """With the tag that stands where none was given."""
    short = familiar(reference)
    if not short:
        return ""
    if len(short) == 64 and not set(short) - set("0123456789abcdef"):
        return f"sha256:{short}"  # an id
    return short if ":" in short.rpartition("/")[2] or "@" in short else f"{short}:latest"
