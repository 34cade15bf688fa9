"""A template filled in: values checked, passwords made once and kept in the project's .env. Pure but for chance."""

from __future__ import annotations

import re
import secrets
import string
from typing import TYPE_CHECKING

from engine.compose.text.adding import with_services
from engine.compose.text.env_text import with_variable
from engine.compose.text.variables import read_env_file
from engine.errors import InvalidRequest
from engine.types.gallery import AddFromGallery, GalleryField, GalleryTemplate, MadeFromGallery

if TYPE_CHECKING:
    from collections.abc import Mapping

_PASSWORD_LETTERS = string.ascii_letters + string.digits
_PASSWORD_LENGTH = 24
_MEMORY = re.compile(r"[0-9]+(\.[0-9]+)?\s*[bkmgBKMG]?[bB]?")
_HIGHEST_PORT = 65535


def fill(template: GalleryTemplate, request: AddFromGallery) -> MadeFromGallery:
    """Raises ComposeError where the services do not go into the file, InvalidRequest for a value that cannot be."""
    known = {field.name for field in template.fields}
    for name in request.values:
        if name not in known:
            raise InvalidRequest(f"{template.title} has no field {name}", f"It has {', '.join(sorted(known))}.")
    kept = read_env_file(request.env, ".env", {})
    values = {field.name: _value(field, request.values, kept) for field in template.fields}
    env = request.env
    for name, value in values.items():
        if kept.get(name) != value:
            env = with_variable(env, name, value)
    compose = with_services(request.compose, template.text)
    opens = re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], ""), template.opens)
    return MadeFromGallery(compose=compose, env=env, services=template.services, opens=opens)


def _value(field: GalleryField, given: Mapping[str, str], kept: Mapping[str, str | None]) -> str:
    value = given.get(field.name, "").strip() or (kept.get(field.name) or "")
    if not value and field.kind == "password":
        return "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(_PASSWORD_LENGTH))
    value = value or field.default
    if why := wrong_with(field, value):
        raise InvalidRequest(f"{field.name}: {why}", subject=field.name)
    return value


def wrong_with(field: GalleryField, value: str) -> str:
    """Why a value cannot be, or ""."""
    if "\n" in value:
        return "a value is one line"
    if field.kind == "port" and not (value.isascii() and value.isdigit() and 0 < int(value) <= _HIGHEST_PORT):
        return f"“{value}” is no port: a number up to {_HIGHEST_PORT}"
    if field.kind == "memory" and not _MEMORY.fullmatch(value):
        return f"“{value}” is no amount of memory: write 512m or 2g"
    if field.kind == "version" and (not value or re.search(r"[\s/]", value)):
        return f"“{value}” is no version"
    return ""
