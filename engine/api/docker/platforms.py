"""The `platform` query parameter: "linux/arm64/v8", or since 1.48 a JSON object."""

from __future__ import annotations

import re

import msgspec

from engine.api.call import decode
from engine.api.http.statuses import Refusal
from engine.types.data import Platform


class _PlatformBody(msgspec.Struct):
    os: str = "linux"
    architecture: str = ""
    variant: str = ""


def platform_of(text: str) -> str:
    """As `os/architecture[/variant]`; "" where none was given."""
    if not text:
        return ""
    if text.startswith(("{", "[")):
        body = decode(text, _PlatformBody) if text.startswith("{") else _first(text)
        text = str(Platform(os=body.os, architecture=body.architecture, variant=body.variant))
    if not re.fullmatch(r"[a-z0-9_.-]+(/[a-z0-9_.-]+){0,2}", text) or len(text) > 64:
        raise Refusal(400, f"invalid platform {text[:80]!r}")
    return text


def _first(text: str) -> _PlatformBody:
    several = decode(text, list[_PlatformBody])
    if len(several) != 1:
        raise Refusal(501, "several platforms at once are not supported by Wherry: name one")
    return several[0]
