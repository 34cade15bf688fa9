"""The files of results as one tar: each platform's in a directory of its own where there are several, and beside the
files what is attested of them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
import tempfile
from typing import IO, TYPE_CHECKING, Final

from engine.api.buildkit.results.attesting import SPDX
from engine.types.attestations import in_toto
from engine.types.files import Place

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.api.buildkit.jobs import Made
    from engine.facade import Engine
    from engine.types.attestations import Attestation, IndexEntry

_PIECE: Final = 1 << 20


async def files_of(engine: Engine, made: Sequence[Made], entries: Sequence[IndexEntry]) -> AsyncGenerator[bytes, None]:
    """A plain image's tree passes as it is; everything else is put together in a file first."""
    if len(made) == 1 and not entries[0].attestations:
        async for data in engine.files.download(Place(kind="image", id=made[0].image), "/"):
            yield data
        return
    with tempfile.TemporaryFile() as whole:
        archive = tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT)
        for one, entry in zip(made, entries, strict=True):
            folder = f"{one.platform.replace('/', '_')}/" if len(made) > 1 else ""
            with tempfile.TemporaryFile() as tree:
                async for data in engine.files.download(Place(kind="image", id=one.image), "/"):
                    await asyncio.to_thread(tree.write, data)
                await asyncio.to_thread(_add, archive, tree, folder, entry.attestations)
        await asyncio.to_thread(archive.close)
        whole.seek(0)
        while data := await asyncio.to_thread(whole.read, _PIECE):
            yield data


def _add(archive: tarfile.TarFile, tree: IO[bytes], folder: str, attestations: Sequence[Attestation]) -> None:
    tree.seek(0)
    if folder:
        member = tarfile.TarInfo(folder.rstrip("/"))
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(member)
    subjects: list[tuple[str, str]] = []
    with tarfile.open(fileobj=tree, mode="r:") as source:
        for member in source:
            path = "/".join(part for part in member.name.split("/") if part not in ("", "."))
            if not path:
                continue
            contents = source.extractfile(member) if member.isreg() else None
            if contents is not None and attestations:
                subjects.append((path, hashlib.file_digest(contents, "sha256").hexdigest()))  # type: ignore[arg-type]
                contents.seek(0)
            member.name = folder + path
            if member.islnk():
                member.linkname = folder + member.linkname.lstrip("./")
            archive.addfile(member, contents)
    for each in attestations:
        data = in_toto(each, subjects)
        member = tarfile.TarInfo(folder + ("sbom.spdx.json" if each.predicate_type == SPDX else "provenance.json"))
        member.size, member.mode = len(data), 0o644
        archive.addfile(member, io.BytesIO(data))
