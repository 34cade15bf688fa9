"""Finding a path, a name or contents in all images at once, from the layers' indexes."""

from __future__ import annotations

import asyncio
import fnmatch
import re
from typing import TYPE_CHECKING, Final, Literal

from engine.errors import InvalidRequest
from engine.images.look.inspector import is_visible
from engine.storage.layer_index import IMPLICIT, OPAQUE, WHITEOUT
from engine.types.images import FoundFile

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from engine.images.known.catalogue import Catalogue
    from engine.storage.layer_index import LayerIndex
    from engine.storage.layers import LayerStore

Kind = Literal["path", "name", "digest"]
_MOST_FOUND: Final = 10_000
_MOST_IN_A_LAYER: Final = 2_000
_SHORTEST_DIGEST: Final = 8
_PAUSE_EVERY: Final = 200


async def find(catalogue: Catalogue, layers: LayerStore, query: str, kind: Kind) -> AsyncGenerator[FoundFile, None]:
    """Hits, image by image. Each layer is searched once, however many images share it."""
    rows_in = _searcher(query, kind)
    rows_of: dict[str, list[int]] = {}
    found = 0
    for image in list(catalogue.images.values()):
        indexes = [layers.index(diff_id) for diff_id in image.diff_ids]
        for number, (diff_id, index) in enumerate(zip(image.diff_ids, indexes, strict=True)):
            if diff_id not in rows_of:
                rows_of[diff_id] = await asyncio.to_thread(rows_in, index)
            for row in rows_of[diff_id]:
                found += 1
                if found > _MOST_FOUND:
                    return
                if found % _PAUSE_EVERY == 0:
                    await asyncio.sleep(0)
                visible = is_visible(indexes, number, index.paths[row])
                yield FoundFile(image_id=image.id, layer=number, entry=index.entry(row), visible=visible)


def _searcher(query: str, kind: Kind) -> Callable[[LayerIndex], list[int]]:
    text = query.strip()
    if not text:
        raise InvalidRequest("Say what to look for")
    if kind == "digest":
        return _digest_searcher(text)
    wild = any(character in text for character in "*?[")
    if kind == "path":
        pattern = fnmatch.translate(text.lstrip("/")) if wild else re.escape(text.lstrip("/"))
    else:
        inner = fnmatch.translate(text) if wild else rf"[^/]*{re.escape(text)}[^/]*\Z"
        pattern = rf"(?:.*/)?(?:{inner})"
    ignore_case = re.IGNORECASE if text.islower() else 0
    expression = re.compile(pattern.encode(errors="surrogateescape"), re.DOTALL | ignore_case)
    matches = expression.search if kind == "path" and not wild else expression.match

    def search(index: LayerIndex) -> list[int]:
        rows = (row for row, path in enumerate(index.paths) if matches(path))
        return _real(index, rows)

    return search


def _digest_searcher(text: str) -> Callable[[LayerIndex], list[int]]:
    digits = text.removeprefix("sha256:").lower()
    if not _SHORTEST_DIGEST <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
        raise InvalidRequest(
            "That is not (the beginning of) a sha256 digest",
            hint=f"Give at least {_SHORTEST_DIGEST} hexadecimal digits.",
        )

    def search(index: LayerIndex) -> list[int]:
        return _real(index, (row for row in range(len(index)) if index.digest(row).hex().startswith(digits)))

    return search


def _real(index: LayerIndex, rows: Iterable[int]) -> list[int]:
    """Entries people mean: no whiteouts, no directories that were only made for their children."""
    found: list[int] = []
    for row in rows:
        if index.kinds[row] not in (WHITEOUT, OPAQUE) and not index.flags[row] & IMPLICIT:
            found.append(row)
            if len(found) >= _MOST_IN_A_LAYER:
                break
    return found
