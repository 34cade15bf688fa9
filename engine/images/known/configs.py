"""From a config blob to the snapshot types, and from a changed snapshot back to a config blob."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from engine.types.containers import HealthCheck
from engine.types.images import HistoryStep, ImageConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.images.known.manifest import ConfigDocument, HealthBlock

_NANO = 1_000_000_000
_TIME = re.compile(r"^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?$")


def parse_time(text: str | None) -> datetime | None:
    """An RFC 3339 time of any precision; None for what is none, or before the year 2 (Go's way to say "unset")."""
    match = _TIME.match(text or "")
    if match is None:
        return None
    body, fraction, zone = match.groups()
    micro = (fraction or ".0")[1:7].ljust(6, "0")
    zone = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{body.replace(' ', 'T').upper()}.{micro}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def image_config(document: ConfigDocument) -> ImageConfig:
    block = document.config
    if block is None:
        return ImageConfig()
    return ImageConfig(
        env=block.env or (),
        command=_words(block.cmd),
        entrypoint=_words(block.entrypoint),
        workdir=block.working_dir or "",
        user=block.user or "",
        exposed_ports=tuple(sorted(map(_with_protocol, block.exposed_ports or {}), key=_port_order)),
        volumes=tuple(sorted(block.volumes or {})),
        labels={key: value or "" for key, value in (block.labels or {}).items()},
        stop_signal=block.stop_signal or "",
        health=_health(block.healthcheck),
        shell=block.shell or (),
        on_build=block.on_build or (),
    )


def history_steps(document: ConfigDocument, sizes: Mapping[str, int]) -> tuple[HistoryStep, ...]:
    """History lines, oldest first, each that made a layer joined with it. Layers without a line get a bare one."""
    layers = iter(document.diff_ids)
    steps: list[HistoryStep] = []
    for line in document.history or ():
        diff_id = "" if line.empty_layer else next(layers, "")
        steps.append(
            HistoryStep(
                created=parse_time(line.created),
                created_by=line.created_by or "",
                comment=line.comment or "",
                author=line.author or "",
                diff_id=diff_id,
                size=sizes.get(diff_id, 0),
            )
        )
    steps.extend(
        HistoryStep(created=None, created_by="", diff_id=diff_id, size=sizes.get(diff_id, 0)) for diff_id in layers
    )
    return tuple(steps)


def config_block(config: ImageConfig) -> dict[str, Any]:
    """The Docker form of a config, without what is unset."""
    block: dict[str, Any] = {
        "User": config.user,
        "ExposedPorts": {port: {} for port in config.exposed_ports},
        "Env": list(config.env),
        "Entrypoint": list(config.entrypoint),
        "Cmd": list(config.command),
        "Volumes": {path: {} for path in config.volumes},
        "WorkingDir": config.workdir,
        "Labels": config.labels,
        "StopSignal": config.stop_signal,
        "Shell": list(config.shell),
        "OnBuild": list(config.on_build),
    }
    if config.health is not None:
        block["Healthcheck"] = _health_block(config.health)
    return {key: value for key, value in block.items() if value}


def encode_document(
    *,
    architecture: str,
    system: str,
    variant: str,
    config: ImageConfig,
    diff_ids: Sequence[str],
    history: Sequence[Mapping[str, Any]],
    created: datetime,
    author: str = "",
    extra: Mapping[str, Any] | None = None,
) -> bytes:
    """A config blob, byte for byte the same for the same input."""
    document: dict[str, Any] = {"architecture": architecture, "os": system}
    if variant:
        document["variant"] = variant
    if author:
        document["author"] = author
    document |= {
        "created": format_time(created),
        "config": config_block(config),
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": list(history),
        **(extra or {}),
    }
    return msgspec.json.encode(document)


def _words(value: tuple[str, ...] | str | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)  # Docker once allowed a bare string here
    return value or ()


def _with_protocol(port: str) -> str:
    return port if "/" in port else f"{port}/tcp"


def _port_order(port: str) -> tuple[int, str]:
    number = port.partition("/")[0].partition("-")[0]
    return (int(number) if number.isdecimal() and len(number) < 7 else 1 << 20, port)


def _health(block: HealthBlock | None) -> HealthCheck | None:
    if block is None or not block.test:
        return None
    return HealthCheck(
        test=block.test,
        interval=block.interval / _NANO,
        timeout=block.timeout / _NANO,
        start_period=block.start_period / _NANO,
        start_interval=block.start_interval / _NANO,
        retries=block.retries,
    )


def _health_block(health: HealthCheck) -> dict[str, Any]:
    block: dict[str, Any] = {
        "Test": list(health.test),
        "Interval": round(health.interval * _NANO),
        "Timeout": round(health.timeout * _NANO),
        "StartPeriod": round(health.start_period * _NANO),
        "StartInterval": round(health.start_interval * _NANO),
        "Retries": health.retries,
    }
    return {key: value for key, value in block.items() if value}
