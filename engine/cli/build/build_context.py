"""What `build` sends: the directory without what its ignore file leaves out, and the Dockerfile wherever it lies."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

from engine.builder.language.globs import PatternError
from engine.builder.language.ignore import IgnoreRules, read_ignore_file
from engine.cli.reach.wire import Failed
from engine.tars.packing import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUTSIDE = ".dockerfile.wherry"
"""The name under which a Dockerfile from outside the context travels in it."""


def dockerfile_only(text: bytes) -> Iterator[bytes]:
    """A context of one file."""
    yield _file("Dockerfile", text)
    yield b"\0" * 1024


def directory_context(directory: str, file: str) -> tuple[Iterator[bytes], str]:
    """The tar stream and the Dockerfile's name in it."""
    if file == "-":
        return _with_outside(directory, os.fdopen(0, "rb", closefd=False).read(), ""), _OUTSIDE
    path = os.path.join(directory, "Dockerfile") if not file else os.path.abspath(file)
    if file and not os.path.exists(path):
        path = os.path.join(directory, file)
    if not os.path.exists(path):
        raise Failed(0, f"unable to prepare context: unable to evaluate symlinks in Dockerfile path: {path}: not found")
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(directory))
    if inside.startswith(".."):
        with open(path, "rb") as source:
            return _with_outside(directory, source.read(), path), _OUTSIDE
    return pack(_entries(directory, _rules(directory, path), keep=inside)), inside


def _with_outside(directory: str, dockerfile: bytes, path: str) -> Iterator[bytes]:
    yield _file(_OUTSIDE, dockerfile)
    yield from pack(_entries(directory, _rules(directory, path), keep=""))


def _file(name: str, text: bytes) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(text), 0o644
    buffer = io.BytesIO()
    buffer.write(member.tobuf(tarfile.PAX_FORMAT))
    buffer.write(text)
    buffer.write(b"\0" * (-len(text) % 512))
    return buffer.getvalue()


def _rules(directory: str, dockerfile: str) -> IgnoreRules:
    """`NAME.dockerignore` beside the Dockerfile counts before the context's own."""
    for path in (f"{dockerfile}.dockerignore" if dockerfile else "", os.path.join(directory, ".dockerignore")):
        if path and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            try:
                return IgnoreRules(read_ignore_file(text))
            except PatternError as error:
                raise Failed(0, f"error checking context: {path}: {error}") from None
    return IgnoreRules([])


def _entries(directory: str, rules: IgnoreRules, *, keep: str) -> Iterator[tuple[str, str]]:
    """(path here, name in the context). The builder needs the Dockerfile and the ignore file whatever is ignored."""
    always = {keep, ".dockerignore"}
    for folder, folders, files in os.walk(directory):
        within = os.path.relpath(folder, directory)
        prefix = "" if within == "." else f"{within}/"
        folders[:] = sorted(
            each
            for each in folders
            if not rules.prunes(f"{prefix}{each}") or any(name.startswith(f"{prefix}{each}/") for name in always)
        )
        for each in sorted([*folders, *files]):
            name = f"{prefix}{each}"
            if name in always or not rules.ignores(name):
                yield os.path.join(folder, each), name
