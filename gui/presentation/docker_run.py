"""Reads `docker run` lines: a pasted line as a recipe. `run_line.py` writes them.

The reader is strict about what it understands and says plainly what it does not: an option that is left out of the form
without a word would be a container that is not what was asked for.
"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.types.containers import (
    ContainerSpec,
    Device,
    HealthCheck,
    LogLimits,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    Ulimit,
)
from gui.presentation.units import parse_bytes
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_ENV_FILE = 1 << 20


class RunLineError(ValueError):
    """The line cannot be read; the message says which part."""


@dataclass(slots=True)
class RunLine:
    """What a line says: the recipe, the name, and options that were understood to change nothing here."""

    spec: ContainerSpec
    name: str = ""
    ignored: tuple[str, ...] = ()
    """Options Wherry does not need or cannot grant, as written."""


@dataclass(slots=True)
class _Draft:
    """A recipe while it is read: plain values that options fill."""

    values: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    security: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    log: dict[str, int] = field(default_factory=dict)
    name: str = ""
    ignored: list[str] = field(default_factory=list)

    def append(self, key: str, value: Any) -> None:
        self.values.setdefault(key, []).append(value)

    def put(self, key: str, text: str) -> None:
        name, _, value = text.partition("=")
        self.values.setdefault(key, {})[name] = value


def parse_run_line(text: str) -> RunLine:
    """Read `docker run …`, `podman run …`, `docker create …` or only what follows. RunLineError tells what is wrong."""
    words = _words(text)
    draft = _Draft()
    rest = _read_options(words, draft)
    if not rest:
        raise RunLineError(translate("RunLine", "The line names no image"))
    if len(rest) > 1:
        draft.values["command"] = tuple(rest[1:])
    return RunLine(_finished(draft, rest[0]), draft.name, tuple(draft.ignored))


def looks_like_run_line(text: str) -> bool:
    """A paste worth reading as a whole line."""
    words = text.strip().removeprefix("$ ").removeprefix("sudo ").split(maxsplit=3)
    verbs = words[2:3] if words[1:2] == ["container"] else words[1:2]
    return words[:1] in (["docker"], ["podman"], ["nerdctl"]) and verbs in (["run"], ["create"])


def _words(text: str) -> list[str]:
    cleaned = text.strip().removeprefix("$ ").replace("\\\n", " ").replace("\\\r\n", " ").replace("`\n", " ")
    try:
        words = shlex.split(cleaned, comments=False)
    except ValueError as error:
        raise RunLineError(translate("RunLine", "A quote is not closed")) from error
    for prefix in ("sudo", "docker", "podman", "nerdctl", "container", "run", "create"):
        if words[:1] == [prefix]:
            words = words[1:]
    return words


def _read_options(words: list[str], draft: _Draft) -> list[str]:
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--":
            return words[position + 1 :]
        if not word.startswith("-") or word == "-":
            return words[position:]
        position += 1
        option, given, value = word.partition("=")
        if not word.startswith("--"):
            option, given, value = _short(word, draft)
            if not option:
                continue
        option = _ALIASES.get(option, option)
        if option in _FLAGS:
            _FLAGS[option](draft, (value or "true").lower() not in ("false", "0"))
            continue
        if option not in _VALUES and option not in _IGNORED:
            raise RunLineError(translate("RunLine", "“{0}” is no option Wherry knows").format(option))
        if not given:
            if position >= len(words):
                raise RunLineError(translate("RunLine", "“{0}” needs a value").format(option))
            value = words[position]
            position += 1
        _take(draft, option, value)
    return []


def _take(draft: _Draft, option: str, value: str) -> None:
    if option in _IGNORED:
        draft.ignored.append(f"{option} {value}")
        return
    try:
        _VALUES[option](draft, value)
    except RunLineError:
        raise
    except (ValueError, KeyError, IndexError) as error:
        raise RunLineError(
            translate("RunLine", "“{0} {1}” cannot be read: {2}").format(option, value, error)
        ) from error


def _short(word: str, draft: _Draft) -> tuple[str, str, str]:
    """One-letter options, alone or together: "-it", "-dp 80:80", "-p80:80"."""
    for position, letter in enumerate(word[1:], 1):
        option = "-" + letter
        if option in _FLAGS:
            _FLAGS[option](draft, True)  # noqa: FBT003
            continue
        rest = word[position + 1 :]
        return option, "=" if rest else "", rest.removeprefix("=")
    return "", "", ""


def _finished(draft: _Draft, image: str) -> ContainerSpec:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in draft.values.items()
    }
    if draft.resources:
        values["resources"] = Resources(**draft.resources)
    if draft.security:
        security: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in draft.security.items()}
        values["security"] = Security(**security)
    if draft.health:
        values["health"] = HealthCheck(**draft.health)
    if draft.log:
        values["log"] = LogLimits(max_bytes=draft.log.get("max_bytes", 0), max_files=draft.log.get("max_files", 0))
    return ContainerSpec(image=image, **values)


def parse_publish(text: str) -> list[PortMapping]:
    """One `-p` value, ranges spread out: "8080:80", "127.0.0.1::53/udp", "[::1]:1-3:1-3"."""
    body, _, protocol = text.partition("/")
    host_ip = ""
    if body.startswith("["):
        host_ip, _, body = body[1:].partition("]")
        body = body.removeprefix(":")
    parts = body.split(":")
    if len(parts) == 3:
        host_ip, parts = parts[0], parts[1:]
    if len(parts) == 1:
        parts = ["", parts[0]]
    if len(parts) != 2 or protocol not in ("", "tcp", "udp"):
        raise RunLineError(translate("RunLine", "“{0}” is no port; write 8080:80 or 127.0.0.1:53:53/udp").format(text))
    inner = _range(parts[1], text)
    outer = _range(parts[0], text) if parts[0] else [0] * len(inner)
    kind: Any = protocol or "tcp"
    if len(inner) == 1 and len(outer) > 1:
        first, last = outer[0], outer[-1]
        whichever_is_free = PortMapping(
            container_port=inner[0], host_port=first, host_port_last=last, protocol=kind, host_ip=host_ip
        )
        return [whichever_is_free]
    if len(inner) != len(outer):
        raise RunLineError(translate("RunLine", "The two ranges of “{0}” differ in length").format(text))
    return [
        PortMapping(container_port=a, host_port=b, protocol=kind, host_ip=host_ip)
        for a, b in zip(inner, outer, strict=True)
    ]


def _range(text: str, whole: str) -> list[int]:
    first, _, last = text.partition("-")
    try:
        low, high = int(first), int(last or first)
    except ValueError:
        raise RunLineError(translate("RunLine", "“{0}” is no port number").format(whole)) from None
    if not (0 <= low <= high <= 65535) or (last == "" and low == 0):
        raise RunLineError(translate("RunLine", "Ports go from 1 to 65535; “{0}” does not").format(whole))
    return list(range(low, high + 1))


def parse_volume(text: str) -> Mount:
    """One `-v` value: "/src:/dst:ro", "name:/dst", "/dst"."""
    parts = text.split(":")
    if len(parts) == 1:
        return Mount(kind="volume", target=parts[0])
    source, target, flags = parts[0], parts[1], parts[2].split(",") if len(parts) > 2 else []
    if not target.startswith("/"):
        raise RunLineError(
            translate("RunLine", "The place in the container must begin with “/”, in “{0}”").format(text)
        )
    path = source.startswith(("/", "./", "../", "~")) or source == "."
    ownership: Any = "chown" if "U" in flags else "idmap" if "idmap" in flags else ""
    propagation = next((f for f in flags if f in ("shared", "slave", "private", "rshared", "rslave")), "rprivate")
    return Mount(
        kind="bind" if path else "volume",
        source=str(Path(source).expanduser().absolute()) if path else source,
        target=target,
        read_only="ro" in flags,
        copy_up="nocopy" not in flags,
        create_source=path,
        ownership=ownership,
        propagation=propagation,
    )


def parse_mount(text: str) -> Mount:
    """One `--mount` value."""
    fields = dict(part.partition("=")[::2] for part in text.split(","))
    kind: Any = fields.get("type", "volume")
    if kind not in ("bind", "volume", "tmpfs"):
        raise RunLineError(translate("RunLine", "“{0}” is no kind of mount").format(kind))
    target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
    if not target:
        raise RunLineError(translate("RunLine", "“--mount {0}” names no target").format(text))
    read_only = fields.get("readonly", fields.get("ro", "false")) in ("", "true", "1")
    return Mount(
        kind=kind,
        source=fields.get("source") or fields.get("src") or "",
        target=target,
        read_only=read_only and ("readonly" in fields or "ro" in fields),
        propagation=fields.get("bind-propagation", "rprivate"),
        subpath=fields.get("volume-subpath", ""),
        copy_up="volume-nocopy" not in fields,
        tmpfs_size=parse_bytes(fields["tmpfs-size"]) if "tmpfs-size" in fields else 0,
        tmpfs_mode=int(fields["tmpfs-mode"], 8) if "tmpfs-mode" in fields else 0o1777,
    )


def parse_tmpfs(text: str) -> Mount:
    target, _, options = text.partition(":")
    fields = dict(part.partition("=")[::2] for part in options.split(",") if part)
    return Mount(
        kind="tmpfs",
        target=target,
        tmpfs_size=parse_bytes(fields["size"]) if "size" in fields else 0,
        tmpfs_mode=int(fields["mode"], 8) if "mode" in fields else 0o1777,
        read_only="ro" in fields,
    )


def parse_seconds(text: str) -> float:
    """Go's durations: "30s", "1m30s", "500ms"; bare numbers are seconds."""
    import re

    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    factors = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)", text)
    if not parts or "".join(a + b for a, b in parts) != text:
        raise ValueError(translate("RunLine", "write 30s or 1m30s"))
    return sum(float(number) * factors[unit] for number, unit in parts)


def parse_restart(text: str) -> RestartPolicy:
    name, _, retries = text.partition(":")
    known: Any = name
    if name not in ("no", "on-failure", "always", "unless-stopped"):
        raise ValueError(translate("RunLine", "no, on-failure, always or unless-stopped"))
    return RestartPolicy(name=known, maximum_retries=int(retries or 0))


def parse_device(text: str) -> Device:
    parts = text.split(":")
    if len(parts) == 2 and not parts[1].startswith("/"):
        parts = [parts[0], parts[0], parts[1]]
    inner = parts[1] if len(parts) > 1 else parts[0]
    return Device(host_path=parts[0], container_path=inner, permissions=parts[2] if len(parts) > 2 else "rwm")


def parse_ulimit(text: str) -> Ulimit:
    name, _, numbers = text.partition("=")
    soft, _, hard = numbers.partition(":")
    return Ulimit(name=name, soft=int(soft), hard=int(hard or soft))


def _security_option(draft: _Draft, text: str) -> None:
    name, _, value = (
        text.replace(":", "=", 1).partition("=") if not text.startswith("seccomp={") else text.partition("=")
    )
    match name:
        case "no-new-privileges":
            draft.security["no_new_privileges"] = value != "false"
        case "seccomp":
            draft.security["seccomp"] = _seccomp_text(value)
        case "systempaths":
            draft.security["unmask_paths"] = value == "unconfined"
        case _:
            draft.ignored.append(f"--security-opt {text}")


def _seccomp_text(value: str) -> str:
    if value == "unconfined" or value.startswith("{"):
        return value
    try:
        text = Path(value).expanduser().read_text(encoding="utf-8")
        json.loads(text)
    except (OSError, ValueError) as error:
        raise RunLineError(translate("RunLine", "The seccomp profile {0} cannot be read").format(value)) from error
    return text


def _log_option(draft: _Draft, text: str) -> None:
    name, _, value = text.partition("=")
    if name == "max-size":
        draft.log["max_bytes"] = parse_bytes(value)
    elif name == "max-file":
        draft.log["max_files"] = int(value)
    else:
        draft.ignored.append(f"--log-opt {text}")


def read_env_file(path: str) -> dict[str, str]:
    """The variables of an --env-file: NAME=value lines, comments, and bare names that stand for those of today."""
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            text = file.read(_LARGEST_ENV_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise RunLineError(translate("RunLine", "The file {0} cannot be read").format(path)) from error
    if len(text) > _LARGEST_ENV_FILE:
        raise RunLineError(translate("RunLine", "The file {0} is too large for variables").format(path))
    found: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.partition("=")
        if sign:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def _env_file(draft: _Draft, path: str) -> None:
    for name, value in read_env_file(path).items():
        draft.put("env", f"{name}={value}")


def _env(draft: _Draft, text: str) -> None:
    if "=" not in text:
        if text not in os.environ:
            return
        text = f"{text}={os.environ[text]}"
    draft.put("env", text)


def _set(key: str, convert: Callable[[str], Any] = str) -> Callable[[_Draft, str], None]:
    return lambda draft, text: draft.values.update({key: convert(text)})


def _add(key: str, convert: Callable[[str], Any] = str) -> Callable[[_Draft, str], None]:
    return lambda draft, text: draft.append(key, convert(text))


def _limit(key: str, convert: Callable[[str], Any]) -> Callable[[_Draft, str], None]:
    return lambda draft, text: draft.resources.update({key: convert(text)})


def _secure(key: str) -> Callable[[_Draft, str], None]:
    return lambda draft, text: draft.security.setdefault(key, []).append(text.upper().removeprefix("CAP_"))


def _check(key: str, convert: Callable[[str], Any]) -> Callable[[_Draft, str], None]:
    return lambda draft, text: draft.health.update({key: convert(text)})


def _publish(draft: _Draft, text: str) -> None:
    for port in parse_publish(text):
        draft.append("ports", port)


def _network(draft: _Draft, text: str) -> None:
    draft.values["network"] = "pasta" if text in ("default", "bridge", "slirp4netns", "private") else text


def _set_name(draft: _Draft, text: str) -> None:
    draft.name = text


def _io_limit(kind: Any) -> Callable[[_Draft, str], None]:
    from engine.types.containers import IoLimit

    def take(draft: _Draft, text: str) -> None:
        device, _, rate = text.rpartition(":")
        number = parse_bytes(rate) if kind.endswith("bps") else int(rate)
        known = draft.resources.get("io", ())
        draft.resources["io"] = (*known, IoLimit(device=device, kind=kind, rate=number))

    return take


def _swap(text: str) -> int:
    return -1 if text == "-1" else parse_bytes(text)


_ALIASES = {
    "-p": "--publish",
    "-v": "--volume",
    "-e": "--env",
    "-l": "--label",
    "-w": "--workdir",
    "-u": "--user",
    "-h": "--hostname",
    "-m": "--memory",
    "-c": "--cpu-shares",
    "-a": "--attach",
    "--net": "--network",
    "--net-alias": "--network-alias",
}

_FLAGS: dict[str, Callable[[_Draft, bool], None]] = {
    "-d": lambda draft, on: None,
    "--detach": lambda draft, on: None,
    "-t": lambda draft, on: draft.values.update(tty=on),
    "--tty": lambda draft, on: draft.values.update(tty=on),
    "-i": lambda draft, on: draft.values.update(stdin_open=on),
    "--interactive": lambda draft, on: draft.values.update(stdin_open=on),
    "-q": lambda draft, on: None,
    "--quiet": lambda draft, on: None,
    "--rm": lambda draft, on: draft.values.update(auto_remove=on),
    "--init": lambda draft, on: draft.values.update(init=on),
    "-P": lambda draft, on: draft.values.update(publish_all=on),
    "--publish-all": lambda draft, on: draft.values.update(publish_all=on),
    "--privileged": lambda draft, on: draft.security.update(privileged=on),
    "--read-only": lambda draft, on: draft.security.update(read_only_root=on),
    "--no-healthcheck": lambda draft, on: draft.health.update(test=("NONE",)),
    "--sig-proxy": lambda draft, on: None,
    "--replace": lambda draft, on: draft.ignored.append("--replace"),
    "--oom-kill-disable": lambda draft, on: draft.ignored.append("--oom-kill-disable"),
    "--disable-content-trust": lambda draft, on: None,
}

_VALUES: dict[str, Callable[[_Draft, str], None]] = {
    "--name": _set_name,
    "--publish": _publish,
    "--volume": _add("mounts", parse_volume),
    "--mount": _add("mounts", parse_mount),
    "--tmpfs": _add("mounts", parse_tmpfs),
    "--env": _env,
    "--env-file": _env_file,
    "--label": lambda draft, text: draft.put("labels", text),
    "--entrypoint": lambda draft, text: draft.values.update(entrypoint=(text,) if text else ()),
    "--workdir": _set("workdir"),
    "--user": _set("user"),
    "--hostname": _set("hostname"),
    "--domainname": _set("domainname"),
    "--restart": _set("restart", parse_restart),
    "--stop-signal": _set("stop_signal"),
    "--stop-timeout": _set("stop_timeout", float),
    "--network": _network,
    "--network-alias": _add("network_aliases"),
    "--dns": _add("dns"),
    "--dns-search": _add("dns_search"),
    "--dns-option": _add("dns_options"),
    "--dns-opt": _add("dns_options"),
    "--add-host": _add("extra_hosts"),
    "--expose": _add("exposed_ports", lambda text: text if "/" in text else f"{text}/tcp"),
    "--volumes-from": _add("volumes_from"),
    "--group-add": _add("extra_groups"),
    "--pid": _set("pid_mode"),
    "--ipc": _set("ipc_mode"),
    "--uts": _set("uts_mode"),
    "--cgroupns": _set("cgroup_mode"),
    "--platform": _set("platform"),
    "--shm-size": _set("shm_size", parse_bytes),
    "--ulimit": _add("ulimits", parse_ulimit),
    "--sysctl": lambda draft, text: draft.put("sysctls", text),
    "--device": _add("devices", parse_device),
    "--log-opt": _log_option,
    "--memory": _limit("memory", parse_bytes),
    "--memory-reservation": _limit("memory_reservation", parse_bytes),
    "--memory-swap": _limit("memory_swap", _swap),
    "--cpus": _limit("cpus", float),
    "--cpu-shares": _limit("cpu_shares", int),
    "--cpu-quota": _limit("cpu_quota", int),
    "--cpu-period": _limit("cpu_period", int),
    "--cpuset-cpus": _limit("cpuset_cpus", str),
    "--cpuset-mems": _limit("cpuset_mems", str),
    "--pids-limit": _limit("pids", lambda text: max(-1, int(text))),
    "--blkio-weight": _limit("io_weight", int),
    "--oom-score-adj": _limit("oom_score_adj", int),
    "--device-read-bps": _io_limit("read-bps"),
    "--device-write-bps": _io_limit("write-bps"),
    "--device-read-iops": _io_limit("read-iops"),
    "--device-write-iops": _io_limit("write-iops"),
    "--cap-add": _secure("capabilities_add"),
    "--cap-drop": _secure("capabilities_drop"),
    "--security-opt": _security_option,
    "--userns": lambda draft, text: draft.security.update(
        user_namespace="keep-id" if text.startswith("keep-id") else "host" if text == "host" else ""
    ),
    "--health-cmd": _check("test", lambda text: ("CMD-SHELL", text)),
    "--health-interval": _check("interval", parse_seconds),
    "--health-timeout": _check("timeout", parse_seconds),
    "--health-start-period": _check("start_period", parse_seconds),
    "--health-start-interval": _check("start_interval", parse_seconds),
    "--health-retries": _check("retries", int),
}

_IGNORED = frozenset(
    {
        "--attach",
        "--log-driver",
        "--pull",
        "--runtime",
        "--detach-keys",
        "--cidfile",
        "--gpus",
        "--isolation",
        "--ip",
        "--ip6",
        "--link",
        "--link-local-ip",
        "--mac-address",
        "--memory-swappiness",
        "--kernel-memory",
        "--label-file",
        "--annotation",
        "--cgroup-parent",
        "--cpu-rt-period",
        "--cpu-rt-runtime",
        "--device-cgroup-rule",
        "--storage-opt",
        "--volume-driver",
        "--blkio-weight-device",
    }
)
"""Real options of Docker that change nothing here or that a rootless engine cannot grant; told to the user."""
