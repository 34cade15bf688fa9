"""What a project asks of the other rooms: a build, a network, a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.compose.planning.bodies import image_name
from engine.recipe.networks import address_fields
from engine.types.builds import BuildImage, BuildSecret
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.compose.reading.loading import Project


def build_request(project: Project, name: str, environment: Mapping[str, str]) -> BuildImage:
    """A service's build, named after the service where it names no image."""
    service = project.services[name]
    build = service["build"]
    image = image_name(project, name)
    contexts = {
        key: f"docker-image://{image_name(project, where.removeprefix('service:'))}"
        if where.startswith("service:")
        else where
        for key, where in (build.get("additional_contexts") or {}).items()
    }
    return BuildImage(
        context=build["context"],
        dockerfile=build.get("dockerfile") or "Dockerfile",
        dockerfile_text=build.get("dockerfile_inline"),
        tags=tuple(dict.fromkeys([image, *(build.get("tags") or [])])),
        target=build.get("target") or "",
        build_args=dict(build.get("args") or {}),
        labels=dict(build.get("labels") or {}),
        secrets=tuple(_secrets(project, build, environment)),
        ssh_sockets=agents_of(build.get("ssh") or (), environment),
        named_contexts=contexts,
        no_cache=bool(build.get("no_cache")),
        pull=bool(build.get("pull")),
        platform=service.get("platform") or "",
        network=build["network"] if build.get("network") in ("none", "host") else "",
        extra_hosts=tuple(each.replace("=", ":", 1) for each in build.get("extra_hosts") or []),
    )


def _secrets(project: Project, build: Mapping[str, Any], environment: Mapping[str, str]) -> list[BuildSecret]:
    found = []
    for each in build.get("secrets") or []:
        source = project.model["secrets"][each["source"]]
        if source.get("environment"):
            value = environment.get(source["environment"], "").encode(errors="surrogateescape")
        else:
            with open(source["file"], "rb") as file:
                value = file.read()
        found.append(BuildSecret(id=each.get("target") or each["source"], value=value))
    return found


def agents_of(words: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Sockets of agents by their names: "default", or "work=/run/agent"."""
    found = {}
    for word in words:
        name, _, path = word.partition("=")
        found[name] = path or environment.get("SSH_AUTH_SOCK", "")
    return found


def network_request(body: Mapping[str, Any]) -> CreateNetwork:
    configs = (body.get("IPAM") or {}).get("Config") or []
    return CreateNetwork(
        name=body["Name"],
        labels=body["Labels"],
        internal=bool(body.get("Internal")),
        **address_fields(configs, ipv6=bool(body.get("EnableIPv6"))),
        driver=body.get("Driver") or "bridge",
        options=body.get("Options") or {},
    )


def volume_request(body: Mapping[str, Any]) -> CreateVolume:
    return CreateVolume(
        name=body["Name"],
        labels=body["Labels"],
        driver=body.get("Driver") or "local",
        options=body.get("DriverOpts") or {},
    )
