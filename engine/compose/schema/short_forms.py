"""The short ways compose files write things, turned into the long ones: `8080:80`, `./data:/data:ro`, `db` for
depends_on."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from engine.compose.schema.shapes import Reading, Several, as_text, whole_path

if TYPE_CHECKING:
    from engine.compose.faults import Path

PORTS_AT_MOST = 65536


# --- ports ---


def ports(value: Any, path: Path, to: Reading) -> Any:
    """`[[IP:]HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]` as a port each."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        to.tell(path, "must be a number, a string or a mapping")
        return None
    text = str(value)
    head, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    address, host, inside = _split_port(head)
    if protocol not in ("tcp", "udp", "sctp"):
        to.tell(path, f"Invalid proto: {protocol}")
        return None
    target = _range(inside)
    published = _range(host) if host else None
    if target is None or (host and published is None) or not _is_address(address):
        to.tell(path, f"invalid port “{text}”", "a port is written HOST:CONTAINER, as in 8080:80")
        return None
    if published and len(published) != len(target) and len(target) > 1:
        to.tell(path, f"invalid ranges in “{text}”: {len(published)} ports cannot be {len(target)}")
        return None
    made = Several()
    for at, port in enumerate(target):
        entry: dict[str, Any] = {"mode": "ingress"}
        if address:
            entry["host_ip"] = address
        entry["target"] = port
        if published:
            # A range for one port: the first free one of it is taken.
            whole = host if len(target) == 1 and len(published) > 1 else str(published[at])
            entry["published"] = whole
        entry["protocol"] = protocol
        made.append(entry)
    return made


def _split_port(text: str) -> tuple[str, str, str]:
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        host, _, inside = rest.removeprefix(":").rpartition(":")
        return address, host, inside
    front, _, inside = text.rpartition(":")
    address, colon, host = front.rpartition(":")
    return (address, host, inside) if colon else ("", front, inside)


def _range(text: str) -> list[int] | None:
    first, dash, last = text.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        return None
    low, high = int(first), int(last or first)
    return list(range(low, high + 1)) if 0 <= low <= high < PORTS_AT_MOST else None


def _is_address(text: str) -> bool:
    if not text:
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def port_key(port: dict[str, Any]) -> Any:
    return (port.get("host_ip"), str(port.get("published", "")), port.get("target"), port.get("protocol", "tcp"))


def finish_port(port: dict[str, Any], path: Path, to: Reading) -> dict[str, Any]:
    if "target" not in port:
        to.tell(path, "missing property 'target'")
    return {"mode": "ingress", "protocol": "tcp"} | port


# --- mounts ---

_MODES = {"ro", "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent"}
_PROPAGATION = {"shared", "rshared", "slave", "rslave", "private", "rprivate"}


def mount(value: Any, path: Path, to: Reading) -> Any:
    """`[SOURCE:]TARGET[:OPTION,…]` as a mount."""
    if not isinstance(value, str):
        to.tell(path, "must be a string or a mapping")
        return None
    parts = value.split(":")
    if len(parts) > 1 and any(not part for part in parts):
        to.tell(path, f"invalid spec: {value}: empty section between colons")
        return None
    if len(parts) > 3:
        to.tell(path, f"invalid spec: {value}: too many colons")
        return None
    if not value:
        to.tell(path, "invalid empty volume spec")
        return None
    if len(parts) == 1:
        # docker compose looks at texts this short in another way, and its hash of a service shows it.
        return {"type": "volume", "target": value} | ({"volume": {}} if len(value) > 2 else {})
    source, target = parts[0], parts[1]
    kind = "bind" if _is_path(source) else "volume"
    entry: dict[str, Any] = {"type": kind, "source": source, "target": target, kind: {}}
    for option in parts[2].split(",") if len(parts) == 3 else []:
        _mount_option(entry, option, value, path, to)
    return entry


def _mount_option(entry: dict[str, Any], option: str, whole: str, path: Path, to: Reading) -> None:
    if option in ("ro", "rw"):
        if option == "ro":
            entry["read_only"] = True
    elif option in ("z", "Z"):
        entry.setdefault("bind", {})["selinux"] = option
    elif option in _PROPAGATION:
        entry.setdefault("bind", {})["propagation"] = option
    elif option == "nocopy":
        entry.setdefault("volume", {})["nocopy"] = True
    elif option in _MODES:
        entry["consistency"] = option
    else:
        known = ", ".join(sorted(_MODES | _PROPAGATION))
        to.tell(
            path, f"“{option}” in “{whole}” is no option of a mount and is ignored", f"known are {known}", warning=True
        )


def _is_path(source: str) -> bool:
    return source.startswith((".", "/", "~")) or bool(re.match(r"[A-Za-z]:[\\/]", source))


def finish_mount(entry: dict[str, Any], path: Path, to: Reading) -> dict[str, Any]:
    """Paths made whole."""
    kind = entry.get("type")
    if entry.get("target") and isinstance(entry["target"], str) and len(entry["target"]) > 1:
        entry["target"] = entry["target"].rstrip("/")
    if kind == "bind":
        source = entry.get("source")
        if source:
            entry["source"] = whole_path(source, to)
        else:
            to.tell(path, "invalid mount config for type “bind”: field Source must not be empty")
    return entry


def target_key(entry: dict[str, Any]) -> Any:
    return entry.get("target")


# --- secrets and configs of a service ---


def granted(value: Any, path: Path, to: Reading) -> Any:
    """`NAME` as a secret or config that a service may read."""
    if isinstance(value, str):
        return {"source": value}
    to.tell(path, "must be a string or a mapping")
    return None


def granted_key(entry: dict[str, Any]) -> Any:
    return entry.get("target") or entry.get("source")


# --- the rest ---


def device(value: Any, path: Path, to: Reading) -> Any:
    """`SOURCE[:TARGET[:PERMISSIONS]]` as a device."""
    if not isinstance(value, str):
        to.tell(path, "must be a string or a mapping")
        return None
    source, _, rest = value.partition(":")
    target, _, permissions = rest.partition(":")
    if not target and not permissions and "=" in source:
        return {"source": source, "target": source, "permissions": "rwm"}  # a CDI name: vendor.com/class=name
    if ":" in permissions:
        to.tell(path, f"confusing device mapping, please use long syntax: {value}")
        return None
    return {"source": source, "target": target or source, "permissions": permissions or "rwm"}


def build(value: Any, path: Path, to: Reading) -> Any:
    if isinstance(value, str):
        return {"context": value}
    to.tell(path, "must be a string or a mapping")
    return None


def extended(value: Any, path: Path, to: Reading) -> Any:
    if isinstance(value, str):
        return {"service": value}
    to.tell(path, "must be a string or a mapping")
    return None


def depended(value: Any, path: Path, to: Reading) -> Any:
    if not isinstance(value, list):
        to.tell(path, "must be a list or a mapping")
        return None
    for at, name in enumerate(value):
        if not isinstance(name, str):
            to.tell((*path, at), "must be a string")
    return {as_text(name): {"condition": "service_started", "required": True} for name in value}


def joined(value: Any, path: Path, to: Reading) -> Any:
    """A list of networks as the mapping of them."""
    if not isinstance(value, list):
        to.tell(path, "must be a list or a mapping")
        return None
    return dict.fromkeys(as_text(name) for name in value)


def env_file(value: Any, path: Path, to: Reading) -> Any:
    if isinstance(value, str):
        return {"path": value, "required": True}
    to.tell(path, "must be a string or a mapping")
    return None


def included(value: Any, path: Path, to: Reading) -> Any:
    if isinstance(value, str):
        return {"path": [value]}
    to.tell(path, "must be a string or a mapping")
    return None


def ulimit(value: Any, path: Path, to: Reading) -> Any:
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            to.tell(path, f"failed to cast to expected type: “{value}” is not a whole number")
            return None
    if isinstance(value, bool) or not isinstance(value, int):
        to.tell(path, "must be an integer or a mapping with soft and hard")
        return None
    return value


def extra_hosts(value: Any, path: Path, to: Reading) -> list[str] | None:
    """Names and addresses, as a list of NAME=ADDRESS."""
    if isinstance(value, dict):
        pairs = [
            (name, as_text(address))
            for name, each in value.items()
            for address in (each if isinstance(each, list) else [each])
        ]
    elif isinstance(value, list):
        pairs = []
        for at, each in enumerate(value):
            name, separator, address = _host(each) if isinstance(each, str) else ("", "", "")
            if not separator:
                to.tell((*path, at), f"invalid additional host, missing IP: {each}", "written NAME=ADDRESS")
                continue
            pairs.append((name, address))
    else:
        to.tell(path, "must be a list or a mapping")
        return None
    return [f"{name}={address.strip('[]')}" for name, address in pairs]


def _host(text: str) -> tuple[str, str, str]:
    found = re.search("[=:]", text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")
