"""Git repositories as files: what an address with a branch and a directory names, without git's own files.

https://host/project.git#branch:directory      https://host/project.git?branch=main&subdir=docs&checksum=1f2e3d
"""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from engine.errors import Code, InvalidRequest, NotFound, RegistryError
from engine.processes.git import check_out
from engine.registry.web import is_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+=-]{0,254}")
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_REFERENCES: Final = {"ref": "", "branch": "refs/heads/", "tag": "refs/tags/"}


@dataclass(frozen=True)
class _Address:
    repository: str
    reference: str = ""
    directory: str = ""
    checksum: str = ""
    """The beginning of the commit it has to be."""


def is_git(word: str) -> bool:
    """What BuildKit would clone."""
    address = word.partition("#")[0].partition("?")[0]
    return word.startswith(("git@", "git://", "ssh://")) or (is_url(word) and address.endswith(".git"))


def repository_of(address: str) -> str:
    """The address alone, as git takes it."""
    return _read(address).repository


async def fetch_repository(address: str, into: Path, environment: Mapping[str, str], *, keep_git: bool = False) -> str:
    """Fill a directory that is not there yet; gives the commit. `keep_git` leaves git's own files, of a whole one."""
    wanted = _read(address)
    if wanted.reference and not _REF.fullmatch(wanted.reference):
        raise InvalidRequest(f"“{wanted.reference[:80]}” is no branch, tag or commit", subject=address)
    whole = into.with_name(f"{into.name}-git")
    await asyncio.to_thread(lambda: whole.mkdir(parents=True, mode=0o700))
    await check_out(wanted.repository, wanted.reference, whole, environment=environment)
    commit = await asyncio.to_thread(_take_directory, whole, wanted.directory, into, keep_git=keep_git)
    if not commit.startswith(wanted.checksum):
        raise RegistryError(
            f"{address} is not what its checksum says", f"Its commit is {commit}.", code=Code.DIGEST_MISMATCH
        )
    return commit


def _read(address: str) -> _Address:
    repository, _, fragment = address.partition("#")
    of_github = repository.startswith("github.com/")
    if of_github:
        repository = f"https://{repository}"
    asks = of_github or is_git(repository)
    repository, question, query = repository.partition("?") if asks else (repository, "", "")
    if not question:
        reference, _, directory = fragment.partition(":")
        return _Address(repository, reference, directory)
    if fragment:
        raise InvalidRequest("A repository's branch and directory stand after # or after ?, not both", subject=address)
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        kind = "ref" if name in _REFERENCES else name
        if kind not in ("ref", "subdir", "checksum", "commit") or kind in given:
            hint = "One of ref, branch and tag; subdir; checksum."
            raise InvalidRequest(f"“{name[:40]}” cannot be asked of a repository here", hint=hint, subject=address)
        given[kind] = _REFERENCES.get(name, "") + value
    checksum = (given.get("checksum") or given.get("commit", "")).lower()
    if checksum and not _COMMIT.fullmatch(checksum):
        raise InvalidRequest(f"“{checksum[:80]}” is no commit", subject=address)
    return _Address(repository, given.get("ref", ""), given.get("subdir", ""), checksum)


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
