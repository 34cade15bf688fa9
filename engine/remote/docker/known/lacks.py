"""What Docker's API has no word for, by the facade's method, with the reason a person reads."""

from __future__ import annotations

from typing import NoReturn

from engine.errors import Unsupported

_COMMON = {
    "containers.edit": "Docker cannot give a container another recipe: make a new one from it.",
    "containers.signal_process": "Docker can send a signal to a container's first process only.",
    "containers.suggest_dockerfile": "The files of a container there are not read for this.",
    "containers.death_report": "Only a Wherry keeps what is needed to tell why a container ended.",
    "images.load_demo": "The demo image belongs to this computer.",
    "images.compare_container": "The files of a container there are not read for this.",
    "images.find": "Docker keeps no index of files to search.",
    "images.login": "Logins are kept on this computer: log in here, then push or pull there.",
    "images.registry_settings": "How registries are reached is set in the engine's own files there.",
    "images.set_registry_settings": "How registries are reached is set in the engine's own files there.",
    "images.remote_tags": "Docker's API does not list the tags of a repository.",
    "volumes.rename": "Docker cannot rename a volume: copy it under another name.",
    "networks.host_ports": "Docker does not tell what listens on its machine.",
    "pods.create": "Docker's API knows no pods.",
    "door.change": "The front door is a Wherry's, at that machine's own loopback.",
    "builds.cache": "The build cache there is told in sum only.",
    "builds.examine": "Docker checks a Dockerfile only with BuildKit, which is not spoken from here.",
    "disk.free": "Use the prune of images, containers, volumes or the build cache.",
    "host.report": "The doctor looks at this computer.",
    "host.check_store": "The store there is not a Wherry's.",
    "host.change_settings": "They are the settings of that machine; change them there.",
}
_PODMAN = {
    "files.owners": "Podman does not tell who owns a file: in its archives all belong to root.",
    "containers.update": "Podman 4 cannot change limits of a container by this API.",
}


_SINCE = {
    "images.remote_image": (1, 30),
    "builds.prune_cache": (1, 31),
}
"""What a Docker learned later than the oldest that is spoken with."""


def lacks_of(kind: str, api: tuple[int, int] = (99, 0)) -> dict[str, str]:
    words = "The engine there is too old for this: its API is {}.{}, and it takes {}.{}."
    older = {method: words.format(*api, *since) for method, since in _SINCE.items() if api < since}
    return {**_COMMON, **older, **(_PODMAN if kind == "podman" else {})}


def lacking(method: str) -> NoReturn:
    raise Unsupported("The engine there cannot do this", _COMMON[method], subject=method)
