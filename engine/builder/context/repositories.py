"""Git repositories as files: what an address with a branch and a directory names, without git's own files."""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import TYPE_CHECKING

from engine.errors import Code, InvalidRequest, NotFound
from engine.processes.git import check_out
from engine.registry.web import is_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+=-]{0,254}")


def is_git(word: str) -> bool:
    """What BuildKit would clone."""
    address = word.partition("#")[0]
    return word.startswith(("git@", "git://", "ssh://")) or (is_url(word) and address.endswith(".git"))


async def fetch_repository(address: str, into: Path, environment: Mapping[str, str], *, keep_git: bool = False) -> str:
    """Fill a directory that is not there yet; gives the commit. `keep_git` leaves git's own files, of a whole one."""
    repository, _, fragment = address.partition("#")
    if repository.startswith("github.com/"):
        repository = f"https://{repository}"
    reference, _, directory = fragment.partition(":")
    if reference and not _REF.fullmatch(reference):
        raise InvalidRequest(f"“{reference[:80]}” is no branch, tag or commit", subject=address)
    whole = into.with_name(f"{into.name}-git")
    await asyncio.to_thread(lambda: whole.mkdir(parents=True, mode=0o700))
    await check_out(repository, reference, whole, environment=environment)
    return await asyncio.to_thread(_take_directory, whole, directory, into, keep_git=keep_git)


def _take_directory(whole: Path, directory: str, into: Path, *, keep_git: bool) -> str:
    """What the fragment names becomes the context; git's own files are no part of it."""
    place = (whole / directory.strip("/")).resolve()
    if not place.is_relative_to(whole.resolve()) or not place.is_dir():
        raise NotFound(f"The repository has no directory “{directory[:200]}”", code=Code.NOT_FOUND, subject=directory)
    commit = (whole / ".git/HEAD").read_text().strip()
    if not keep_git:
        shutil.rmtree(whole / ".git", ignore_errors=True)
    place.rename(into)
    return commit
