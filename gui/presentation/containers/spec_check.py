"""What is wrong, or worth a word, about a recipe on this host: taken ports, missing folders, used names. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.recipe import checks
from engine.recipe.crossing import recipe_of
from engine.recipe.rows import LIVE, changes
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.types.containers import Container, ContainerSpec, PortMapping
    from engine.types.networks import HostPort


_ENGINE_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
"""What means the engine's own socket as the source of a mount."""


class Remark(NamedTuple):
    """One finding: about which section, how grave, in which words. Grave ones (DANGER) stop the Run button."""

    section: str
    tone: Tone
    text: str


def check_spec(
    spec: ContainerSpec,
    *,
    own_id: str,
    host_ports: Sequence[HostPort],
    containers: Mapping[str, Container],
    path_exists: Callable[[str], bool],
    lowest_port: int = 1024,
) -> list[Remark]:
    """Findings in the order of the form."""
    remarks = [remark for port in spec.ports for remark in _port(port, own_id, host_ports, containers, lowest_port)]
    for port in checks.published_twice(spec.ports):
        text = translate("SpecCheck", "Port {0} is published twice").format(port.host_port)
        remarks.append(Remark("ports", Tone.DANGER, text))
    for target in checks.places_twice(mount.target for mount in spec.mounts):
        remarks.append(Remark("mounts", Tone.DANGER, translate("SpecCheck", "Two mounts at {0}").format(target)))
    for mount in spec.mounts:
        if mount.kind == "bind" and mount.source in _ENGINE_SOCKETS:
            if not spec.engine_socket:
                text = translate("SpecCheck", "It would command Wherry: allow that under Security, if it may")
                remarks.append(Remark("mounts", Tone.DANGER, text))
        elif mount.kind == "bind" and not path_exists(mount.source):
            if mount.create_source:
                text = translate("SpecCheck", "{0} does not exist and will be made").format(mount.source)
                remarks.append(Remark("mounts", Tone.INFO, text))
            else:
                text = translate("SpecCheck", "{0} does not exist").format(mount.source)
                remarks.append(Remark("mounts", Tone.DANGER, text))
    if checks.goes_and_comes_back(auto_remove=spec.auto_remove, restart=spec.restart.name):
        text = translate("SpecCheck", "“Remove when it ends” and “Start again” exclude each other")
        remarks.append(Remark("command", Tone.DANGER, text))
    return remarks


def _port(
    port: PortMapping,
    own_id: str,
    host_ports: Sequence[HostPort],
    containers: Mapping[str, Container],
    lowest_port: int,
) -> list[Remark]:
    if not port.host_port:
        return []
    if port.host_port < lowest_port:
        text = translate("SpecCheck", "Ports below {0} need a setting of this computer; see the doctor").format(
            lowest_port
        )
        return [Remark("ports", Tone.WARNING, text)]
    for taken in host_ports:
        if taken.port != port.host_port or taken.protocol != port.protocol or taken.container_id == own_id != "":
            continue
        if taken.container_id:
            owner = containers.get(taken.container_id)
            name = owner.name if owner is not None else taken.container_id[:12]
            text = translate("SpecCheck", "Port {0} is taken by the container {1}").format(port.host_port, name)
        elif taken.process:
            text = translate("SpecCheck", "Port {0} is taken by {1} (process {2})").format(
                port.host_port, taken.process, taken.pid
            )
        else:
            text = translate("SpecCheck", "Port {0} is taken by another program").format(port.host_port)
        return [Remark("ports", Tone.DANGER, text)]
    return []


def suggest_port(container_port: int, host_ports: Sequence[HostPort]) -> int:
    """A free port of this computer like the one inside: 80 → 8080, 5432 → 5432 or the next free one."""
    taken = {port.port for port in host_ports}
    candidate = container_port if container_port >= 1024 else container_port + 8000
    while candidate in taken and candidate < 65535:
        candidate += 1
    return candidate


class Difference(NamedTuple):
    """One change of an edit and what it costs: LIVE, RESTART or RECREATE."""

    words: str
    needs: str


def spec_differences(old: ContainerSpec, new: ContainerSpec, names: Mapping[str, str]) -> list[Difference]:
    """What an edit changes, field by field, each with what it takes. `names` gives the words of a field."""
    costs = changes(recipe_of(old), recipe_of(new))
    return [Difference(names.get(field, field), cost) for field, cost in costs.items()]


def only_live(differences: Sequence[Difference]) -> bool:
    return all(difference.needs == LIVE for difference in differences)
