"""A build's directory of this computer as a stream, without what its ignore file leaves out."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
import tempfile
from typing import TYPE_CHECKING

import msgspec

from engine.builder.language.globs import PatternError
from engine.builder.language.ignore import IgnoreRules, read_ignore_file
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from engine.types.builds import BuildImage

_OUTSIDE = ".dockerfile.wherry"
_PIECE = 1 << 20
_IN_MEMORY = 16 << 20


def packed(request: BuildImage) -> tuple[BuildImage, AsyncGenerator[bytes, None]]:
    """The request as the other machine is to read it, and its context."""
    directory = os.path.abspath(request.context)
    if not os.path.isdir(directory):
        raise InvalidRequest(f"{directory} is no directory", subject=directory)
    text, name = request.dockerfile_text, request.dockerfile
    if text is None and os.path.isabs(name):
        inside = os.path.relpath(os.path.realpath(name), os.path.realpath(directory))
        if inside.startswith(".."):
            with open(name, encoding="utf-8", errors="replace") as file:
                text = file.read()
        else:
            name = inside
    name = _OUTSIDE if text is not None else name
    changed = msgspec.structs.replace(request, context="", filtered=True, dockerfile=name, dockerfile_text=None)
    return changed, _pieces(directory, name, text)


async def _pieces(directory: str, dockerfile: str, text: str | None) -> AsyncGenerator[bytes, None]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        await asyncio.to_thread(_pack, file, directory, dockerfile, text)
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _pack(file: tempfile.SpooledTemporaryFile[bytes], directory: str, dockerfile: str, text: str | None) -> None:
    rules = _rules(directory, dockerfile)
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        if text is not None:
            info = tarfile.TarInfo(dockerfile)
            data = text.encode()
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
        for path, name in _entries(directory, rules, keep=dockerfile):
            archive.add(path, name, recursive=False)


def _rules(directory: str, dockerfile: str) -> IgnoreRules:
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                try:
                    return IgnoreRules(read_ignore_file(file.read()))
                except PatternError as error:
                    raise InvalidRequest(f"{path} cannot be used", str(error), subject=path) from None
    return IgnoreRules([])


def _entries(directory: str, rules: IgnoreRules, *, keep: str) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(directory):
        within = os.path.relpath(folder, directory)
        prefix = "" if within == "." else f"{within}/"
        folders[:] = sorted(
            each for each in folders if not rules.prunes(f"{prefix}{each}") or keep.startswith(f"{prefix}{each}/")
        )
        for each in sorted([*folders, *files]):
            name = f"{prefix}{each}"
            if name == keep or not rules.ignores(name):
                yield os.path.join(folder, each), name
