"""What becomes of a result: an image with names here, or files at the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.api.buildkit.faults import refused
from engine.api.buildkit.sending import send_stream, send_tree
from engine.api.shapes.names import tagged
from engine.errors import WherryError
from engine.types.files import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.api.buildkit.jobs import Job, Made
    from engine.api.buildkit.sessions import Sessions
    from engine.facade import Engine


async def export(engine: Engine, sessions: Sessions, job: Job, made: Sequence[Made]) -> dict[str, str]:
    """Every exporter in turn; what they answer together."""
    image = made[0].image
    exporters = [(each.Type, dict(each.Attrs)) for each in job.request.Exporters]
    if not exporters and job.request.ExporterDeprecated:
        exporters = [(job.request.ExporterDeprecated, dict(job.request.ExporterAttrsDeprecated))]
    response: dict[str, str] = {}
    try:
        for number, (kind, options) in enumerate(exporters):
            if kind in ("moby", "image") or (kind == "docker" and "name" in options and not _to_client(options)):
                response |= await _to_store(engine, job, image, options)
            else:
                await _to_client_side(engine, sessions, job, image, number, kind, options)
    except WherryError as error:
        raise refused(str(error)) from error
    return response


def _to_client(options: Mapping[str, str]) -> bool:
    return options.get("tar") != "false"


async def _to_store(engine: Engine, job: Job, image: str, options: Mapping[str, str]) -> dict[str, str]:
    names = [tagged(name) for name in options.get("name", "").split(",") if name]
    with job.board.begin("exporting to image") as task:
        task.part("exporting layers")
        task.part(f"writing image {image}")
        for name in names:
            await engine.images.tag(image, name)
            task.part(f"naming to {_whole(name)}")
    response = {"containerimage.digest": image, "containerimage.config.digest": image}
    if names:
        response["image.name"] = ",".join(map(_whole, names))
    return response


def _whole(name: str) -> str:
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


async def _to_client_side(
    engine: Engine, sessions: Sessions, job: Job, image: str, number: int, kind: str, options: Mapping[str, str]
) -> None:
    session = await sessions.get(job.request.Session)
    if kind == "local":
        with job.board.begin("exporting to client directory") as task:
            await send_tree(session, number, _files(engine, image), lambda sent: task.amount("copying files", sent))
    elif kind == "tar":
        with job.board.begin("exporting to client tarball") as task:
            await send_stream(session, number, _files(engine, image), lambda sent: task.amount("sending tarball", sent))
    elif kind in ("oci", "docker"):
        await _archive(engine, session, job, image, number, kind, options)
    else:
        raise refused(f"the exporter {kind} is not supported by Wherry")


async def _archive(
    engine: Engine, session: Any, job: Job, image: str, number: int, kind: str, options: Mapping[str, str]
) -> None:
    names = [tagged(name) for name in options.get("name", "").split(",") if name]
    with job.board.begin(f"exporting to {kind} image format") as task:
        for name in names:
            await engine.images.tag(image, name)
        source = engine.images.save(names or [image], oci=kind == "oci")
        await send_stream(session, number, source, lambda sent: task.amount("sending tarball", sent))


def _files(engine: Engine, image: str) -> AsyncIterator[bytes]:
    return engine.files.download(Place(kind="image", id=image), "/")
