"""One container of a service for one command, as `compose run` makes it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from engine.compose.planning import bodies
from engine.compose.schema.shapes import shell_words
from engine.recipe.body import load
from engine.recipe.crossing import endpoints, spec_of
from engine.recipe.kinds.ports import dump_bindings, read_publish
from engine.types.containers import CreateContainer

if TYPE_CHECKING:
    from engine.compose.reading.loading import Project
    from engine.facade import Engine
    from engine.types.containers import Container
    from engine.types.projects import RunService


async def make_run(engine: Engine, project: Project, request: RunService) -> Container:
    image = await engine.images.get(bodies.image_name(project, request.service))
    others = bodies.Others({name: bodies.container_name(project, name, 1) for name in project.services})
    slug = secrets.token_hex(6)
    body = bodies.one_off_body(
        project,
        request.service,
        slug,
        image_id=image.id,
        others=others,
        service_ports=request.service_ports,
        use_aliases=request.use_aliases,
    )
    if request.command is not None:
        body["Cmd"] = list(request.command)
    if request.entrypoint is not None:
        body["Entrypoint"] = shell_words(request.entrypoint)
    body["Env"] = [*body.get("Env", []), *request.environment]
    body["Labels"] |= request.labels
    body |= {key: value for key, value in (("User", request.user), ("WorkingDir", request.workdir)) if value}
    body |= {"Tty": request.tty, "OpenStdin": request.stdin, "StdinOnce": request.stdin}
    body["HostConfig"]["CapAdd"] = [*body["HostConfig"].get("CapAdd", []), *request.cap_add]
    body["HostConfig"]["CapDrop"] = [*body["HostConfig"].get("CapDrop", []), *request.cap_drop]
    body["HostConfig"]["AutoRemove"] = request.auto_remove
    body["HostConfig"]["Binds"] = [*body["HostConfig"].get("Binds", []), *request.volumes]
    published = dump_bindings([item for word in request.publish for item in read_publish(word)])
    body["HostConfig"]["PortBindings"] = body["HostConfig"].get("PortBindings", {}) | published
    asked = load(body)
    name = request.name or f"{project.name}-{request.service}-run-{slug}"
    made = await engine.containers.create(CreateContainer(spec=spec_of(asked.recipe), name=name))
    for network, endpoint in endpoints(asked.networks).items():
        await engine.networks.connect(network, made.id, asked=endpoint)
    return made
