"""What really runs: the image's defaults and the request, merged as `docker run` merges them. Pure."""

from __future__ import annotations

import re
import signal as signals
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from engine.types.containers import ContainerSpec, HealthCheck
    from engine.types.images import ImageConfig

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_STOP_SIGNAL = "TERM"
DEFAULT_STOP_TIMEOUT = 10.0
_REAL_TIME = re.compile(r"RTM(?:IN(?:\+(?:[12]?\d|30))?|AX(?:-(?:[12]?\d|30))?)")


def command_line(spec: ContainerSpec, image: ImageConfig) -> tuple[str, ...]:
    """Entrypoint and command. A new entrypoint drops the image's command, as Docker has it."""
    entrypoint = image.entrypoint if spec.entrypoint is None else tuple(part for part in spec.entrypoint if part)
    if spec.command is not None:
        command = spec.command
    else:
        command = image.command if spec.entrypoint is None else ()
    line = (*entrypoint, *command)
    if not line:
        raise InvalidRequest(
            "There is no command to run",
            "The image names none, and none was given.",
            hint="Give a command.",
        )
    return line


def environment(spec: ContainerSpec, image: ImageConfig, *, hostname: str, home: str) -> dict[str, str]:
    """The engine's, then the image's, then the request's; later ones win."""
    merged = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname}
    if spec.tty:
        merged["TERM"] = "xterm"
    for line in image.env:
        name, separator, value = line.partition("=")
        if separator and name:
            merged[name] = value
    merged.update(spec.env)
    merged.setdefault("HOME", home)
    return merged


def working_directory(spec: ContainerSpec, image: ImageConfig) -> str:
    directory = spec.workdir if spec.workdir is not None else image.workdir
    return directory if directory.startswith("/") else f"/{directory}"


def wanted_user(spec: ContainerSpec, image: ImageConfig) -> str:
    return image.user if spec.user is None else spec.user


def stop_signal(spec: ContainerSpec, image: ImageConfig) -> str:
    return normal_signal(spec.stop_signal or image.stop_signal or DEFAULT_STOP_SIGNAL)


def stop_timeout(spec: ContainerSpec) -> float:
    return DEFAULT_STOP_TIMEOUT if spec.stop_timeout is None else spec.stop_timeout


def normal_signal(signal: str) -> str:
    """ "SIGTERM", "term" and "15" are all meant; the runtime takes "TERM" and "15"."""
    text = signal.strip().upper().removeprefix("SIG")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    # The runtime sends nothing at all, and says nothing, where it does not know the name.
    if not (f"SIG{text}" in signals.Signals.__members__ or 0 < number < signals.NSIG or _REAL_TIME.fullmatch(text)):
        raise InvalidRequest(
            f"Invalid signal: {signal[:40]}",
            hint="Use a name like TERM or a number.",
            docker=f"invalid signal: {signal[:40]}",
        )
    return text


def exposed_ports(spec: ContainerSpec, image: ImageConfig) -> tuple[tuple[int, str], ...]:
    """Ports the image or the request calls interesting, as (number, protocol)."""
    found: dict[tuple[int, str], None] = {}
    for text in (*image.exposed_ports, *spec.exposed_ports):
        number, _, protocol = text.partition("/")
        first, _, last = number.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            for port in range(int(first), min(int(last or first), 65535) + 1):
                found[(port, protocol or "tcp")] = None
    return tuple(found)


def missing_publications(spec: ContainerSpec, image: ImageConfig) -> tuple[tuple[int, str], ...]:
    """For `publish_all`: exposed ports that no mapping covers yet."""
    covered = {(port.container_port, port.protocol) for port in spec.ports}
    return tuple(port for port in exposed_ports(spec, image) if port not in covered)


def health_check(spec: ContainerSpec, image: ImageConfig) -> HealthCheck | None:
    """The request's test wins; its other numbers win one by one over the image's."""
    if spec.health is None:
        wanted = image.health
    elif spec.health.test or image.health is None:
        wanted = spec.health
    else:
        given = {name: value for name in _TIMES if (value := getattr(spec.health, name))}
        wanted = _replace(image.health, given)
    return None if wanted is None or not wanted.test or wanted.test[0] == "NONE" else wanted


_TIMES = ("interval", "timeout", "start_period", "start_interval", "retries")


def _replace(check: HealthCheck, given: dict[str, float]) -> HealthCheck:
    values = {name: getattr(check, name) for name in (*_TIMES, "test")} | given
    return type(check)(**values)


def labels(spec: ContainerSpec, image: ImageConfig) -> dict[str, str]:
    return image.labels | spec.labels
