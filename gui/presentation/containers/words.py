"""A container in words: its state, what it says of itself, where it answers, why it ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from engine.recipe.networks import pod_of
from engine.types.containers import ALIVE_STATES, Health, State
from gui.presentation.units import ago_text, duration_text, memory_text, short_id
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.types.containers import Container, Mount, PortMapping

PROJECT_LABEL = "com.docker.compose.project"


class StateWords(NamedTuple):
    """How a state is told: the word, its tone, its icon."""

    word: str
    tone: Tone
    icon: str


def state_words(container: Container) -> StateWords:
    """The state at a glance; an unhealthy or badly ended container does not look well."""
    match container.state:
        case State.CREATED:
            return StateWords(translate("State", "Created"), Tone.MUTED, "container")
        case State.STARTING:
            return StateWords(translate("State", "Starting"), Tone.INFO, "play")
        case State.RUNNING if container.health.status is Health.UNHEALTHY:
            return StateWords(translate("State", "Unhealthy"), Tone.WARNING, "warning")
        case State.RUNNING:
            return StateWords(translate("State", "Running"), Tone.SUCCESS, "play")
        case State.PAUSED:
            return StateWords(translate("State", "Paused"), Tone.INFO, "pause")
        case State.STOPPING:
            return StateWords(translate("State", "Stopping"), Tone.INFO, "stop")
        case State.RESTARTING:
            return StateWords(translate("State", "Restarting"), Tone.WARNING, "restart")
        case State.EXITED if ended_badly(container):
            return StateWords(translate("State", "Failed"), Tone.DANGER, "error")
        case State.EXITED:
            return StateWords(translate("State", "Stopped"), Tone.MUTED, "stop")
        case State.REMOVING:
            return StateWords(translate("State", "Removing"), Tone.INFO, "trash")
        case _:
            return StateWords(translate("State", "Broken"), Tone.DANGER, "error")


def ended_badly(container: Container) -> bool:
    """It ended, nobody asked for it, and not with success."""
    end = container.exit
    return end is not None and not end.requested and (end.code != 0 or end.oom_killed or bool(end.error))


def status_text(container: Container, now: datetime | None = None) -> str:
    """The state with its time: "Up 5 h 12 min", "Out of memory 22 min ago"."""
    moment = now or datetime.now(UTC)
    end = container.exit
    if container.state in (State.RUNNING, State.PAUSED) and container.started is not None:
        span = duration_text((moment - container.started).total_seconds())
        if container.state is State.PAUSED:
            return translate("Status", "Paused, up {0}").format(span)
        return translate("Status", "Up {0}").format(span)
    if container.state is State.EXITED and end is not None:
        ago = ago_text(end.ended, moment)
        if end.oom_killed:
            return translate("Status", "Out of memory {0}").format(ago)
        if end.error:
            return translate("Status", "Could not start {0}").format(ago)
        if ended_badly(container):
            return translate("Status", "Ended with {0}, {1}").format(end.code, ago)
        if end.requested:
            return translate("Status", "Stopped {0}").format(ago)
        return translate("Status", "Finished {0}").format(ago)
    if container.state is State.CREATED:
        return translate("Status", "Never started")
    return state_words(container).word


def uptime_sort_key(container: Container) -> float:
    """Running ones first, the longest up on top; then the ended, the latest on top."""
    if container.state in ALIVE_STATES and container.started is not None:
        return container.started.timestamp()
    if container.exit is not None:
        return 1e11 - container.exit.ended.timestamp()
    return 2e11 - container.created.timestamp()


def health_words(container: Container) -> tuple[str, Tone]:
    match container.health.status:
        case Health.HEALTHY:
            return translate("Health", "Healthy"), Tone.SUCCESS
        case Health.UNHEALTHY:
            return translate("Health", "Unhealthy"), Tone.WARNING
        case Health.STARTING:
            return translate("Health", "Checking"), Tone.INFO
        case _:
            return "", Tone.MUTED


def project_of(container: Container) -> str:
    return container.spec.labels.get(PROJECT_LABEL, "")


def group_of(container: Container) -> str:
    """The header a container stands under: its project, else its pod."""
    return project_of(container) or pod_of(container.spec.network)


def image_text(reference: str) -> str:
    """A reference as people write it: without the registry and library that go without saying."""
    if reference.startswith("sha256:"):
        return short_id(reference)
    text = reference.removeprefix("docker.io/").removeprefix("library/")
    return text.removesuffix(":latest")


def port_text(port: PortMapping) -> str:
    """One published port in the table: the number to type into a browser."""
    text = str(port.host_port or translate("Ports", "auto"))
    return text if port.protocol == "tcp" else f"{text}/{port.protocol}"


def port_mapping_text(port: PortMapping) -> str:
    """As `docker ps` writes it."""
    host = f"{port.host_ip}:" if port.host_ip else ""
    outer = str(port.host_port) if port.host_port else translate("Ports", "auto")
    return f"{host}{outer} → {port.container_port}/{port.protocol}"


def port_url(port: PortMapping) -> str:
    """Where a browser finds it, "" for what no browser speaks."""
    if port.protocol != "tcp" or not port.host_port:
        return ""
    host = port.host_ip if port.host_ip not in ("", "0.0.0.0", "::") else "localhost"
    if ":" in host:
        host = f"[{host}]"
    scheme = "https" if port.container_port in (443, 8443) else "http"
    return f"{scheme}://{host}:{port.host_port}/"


def shown_ports(container: Container) -> tuple[PortMapping, ...]:
    """Those that answer now; of a container at rest those it would publish."""
    return container.ports or (() if container.state in ALIVE_STATES else container.spec.ports)


def mount_text(mount: Mount) -> str:
    match mount.kind:
        case "tmpfs":
            size = memory_text(mount.tmpfs_size) if mount.tmpfs_size else translate("Mounts", "no size limit")
            return translate("Mounts", "memory, {0}").format(size)
        case "volume" if len(mount.source) == 64 and not mount.source.strip("0123456789abcdef"):
            return translate("Mounts", "unnamed volume {0}").format(short_id(mount.source))
        case _:
            return mount.source


def command_text(words: Iterable[str]) -> str:
    """A command line as a shell would read it back."""
    import shlex

    return shlex.join(words)


def haystack(container: Container) -> str:
    """What a filter text is looked for in."""
    ports = " ".join(str(port.host_port) for port in container.ports)
    words = (
        container.name,
        container.image,
        container.id[:12],
        project_of(container),
        ports,
        state_words(container).word,
        *container.spec.labels.values(),
    )
    return " ".join(words).casefold()
