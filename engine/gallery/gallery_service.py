"""Implements `facade.Gallery`: the templates that come with the program, and those of folders and git addresses."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from engine.builder.context.repositories import fetch_repository, is_git
from engine.compose.faults import ComposeError
from engine.errors import InvalidRequest, NotFound
from engine.gallery.filling import fill
from engine.gallery.template import read_template
from engine.types.gallery import GallerySource
from resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.types.gallery import AddFromGallery, GalleryTemplate, MadeFromGallery

_LARGEST_FILE = 1 << 20
_MOST_FILES = 500


class GalleryService:
    """`place` is a directory of the store: the list of sources, and what was fetched of git addresses."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._changing = asyncio.Lock()

    async def list(self) -> Sequence[GalleryTemplate]:
        """Those of the program first; of several with one name, the first is what the bare name means."""
        return await asyncio.to_thread(self._all)

    async def get(self, template: str) -> GalleryTemplate:
        for each in await self.list():
            if each.id == template:
                return each
        raise NotFound(f"The gallery has no “{template[:100]}”", subject=template)

    async def fill(self, request: AddFromGallery) -> MadeFromGallery:
        template = await self.get(request.template)
        try:
            return await asyncio.to_thread(fill, template, request)
        except ComposeError as error:
            why = error.problems[0].message
            raise InvalidRequest(f"{template.title} cannot be added: {why}", str(error)) from error

    # --- sources ---

    async def sources(self) -> Sequence[GallerySource]:
        return await asyncio.to_thread(lambda: [self._looked_at(address)[0] for address in self._addresses()])

    async def add_source(self, address: str) -> GallerySource:
        """Again for one that is known: a git address is fetched anew."""
        async with self._changing:
            if is_git(address):
                await self._fetch(address)
            else:
                address = await asyncio.to_thread(_folder, address)
            source, _ = await asyncio.to_thread(self._looked_at, address)
            if not source.templates:
                raise InvalidRequest(f"There is no template in {address}", "\n".join(source.problems[:10]))
            await asyncio.to_thread(self._save, [*(each for each in self._addresses() if each != address), address])
        return source

    async def remove_source(self, address: str) -> None:
        async with self._changing:
            known = await asyncio.to_thread(self._addresses)
            if address not in known:
                raise NotFound(f"No templates come from {address[:200]}", subject=address)
            await asyncio.to_thread(self._save, [each for each in known if each != address])
            await asyncio.to_thread(shutil.rmtree, self._checkout(address), ignore_errors=True)

    async def _fetch(self, address: str) -> None:
        place = self._checkout(address)
        fresh = place.with_name(f"{place.name}-new")
        for old in (fresh, fresh.with_name(f"{fresh.name}-git")):
            await asyncio.to_thread(shutil.rmtree, old, ignore_errors=True)
        await asyncio.to_thread(self._place.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            await fetch_repository(address, fresh, dict(os.environ))
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
            await asyncio.to_thread(fresh.rename, place)
        finally:
            await asyncio.to_thread(shutil.rmtree, fresh.with_name(f"{fresh.name}-git"), ignore_errors=True)

    def _checkout(self, address: str) -> Path:
        return self._place / hashlib.sha256(address.encode()).hexdigest()[:20]

    def _addresses(self) -> Sequence[str]:
        try:
            return [str(each) for each in json.loads((self._place / "sources.json").read_text())]
        except (OSError, ValueError):
            return []

    def _save(self, addresses: Sequence[str]) -> None:
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._place / "sources.json.new"
        draft.write_text(json.dumps(addresses))
        draft.replace(self._place / "sources.json")

    # --- reading ---

    def _all(self) -> Sequence[GalleryTemplate]:
        found = {path.stem: _read(path, path.stem, "") for path in sorted(resource("gallery").glob("*.yaml"))}
        for address in self._addresses():
            for template in self._looked_at(address)[1]:
                found.setdefault(template.id, template)
        return list(found.values())

    def _looked_at(self, address: str) -> tuple[GallerySource, Sequence[GalleryTemplate]]:
        folder = self._checkout(address) if is_git(address) else Path(address)
        templates, problems = [], []
        for path, name in _files(folder, links=not is_git(address)):
            try:
                templates.append(_read(path, name, address))
            except (ComposeError, OSError, UnicodeError) as error:
                problems.append(str(error).partition("\n")[0])
        return GallerySource(address=address, templates=len(templates), problems=tuple(problems)), templates


def _folder(address: str) -> str:
    path = os.path.abspath(os.path.expanduser(address))
    if not os.path.isdir(path):
        raise NotFound(f"There is no folder {path}", "Or a git address is meant, which ends with .git.")
    return path


def _read(path: Path, name: str, source: str) -> GalleryTemplate:
    with open(path, "rb") as file:
        text = file.read(_LARGEST_FILE).decode()
    return read_template(text, str(path), name, source)


def _files(folder: Path, *, links: bool) -> Iterator[tuple[Path, str]]:
    """YAML files of a folder, and the compose files of the folders in it, which are called like these. A stranger's
    links could lead to anything."""
    count = 0
    for path in sorted(folder.glob("*")):
        if path.is_symlink() and not links:
            continue
        if path.suffix in (".yaml", ".yml") and path.is_file():
            yield path, path.stem
            count += 1
        elif path.is_dir() and not path.is_symlink():
            for name in ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"):
                if (path / name).is_file() and (links or not (path / name).is_symlink()):
                    yield path / name, path.name
                    count += 1
                    break
        if count >= _MOST_FILES:
            return
