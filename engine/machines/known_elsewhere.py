"""What other tools on this computer know of machines: docker's contexts, podman's connections, the hosts of ssh.

Only read; a file that is damaged or missing is as if it said nothing.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import socket
from typing import TYPE_CHECKING, Any

from engine.machines.address import BadAddress, parse
from engine.machines.machine_list import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 1 << 20
_MOST_INCLUDES = 16
_CALL_SECONDS = 1.0


def everywhere() -> dict[str, Entry]:
    """Docker's contexts first, then podman's connections of other names."""
    found: dict[str, Entry] = {}
    for entry in (*docker_contexts(), *podman_connections()):
        found.setdefault(entry.name, entry)
    return found


def docker_contexts() -> list[Entry]:
    place = os.path.join(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"), "contexts")
    found = (_context(path, place) for path in sorted(glob.glob(os.path.join(glob.escape(place), "meta/*/meta.json"))))
    return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.name)


def _context(path: str, place: str) -> Entry | None:
    try:
        meta = json.loads(_text(path))
        endpoint = meta["Endpoints"]["docker"]
        name, host = str(meta["Name"]), str(endpoint.get("Host") or "")
        folder = os.path.join(place, "tls", hashlib.sha256(name.encode()).hexdigest(), "docker")
        ca, certificate, key = (_there(os.path.join(folder, f"{each}.pem")) for each in ("ca", "cert", "key"))
        unchecked = bool(endpoint.get("SkipTLSVerify"))
        address = parse(host, tls=bool(ca or certificate) or unchecked)
        description = str((meta.get("Metadata") or {}).get("Description") or "")
    except (ValueError, KeyError, TypeError, AttributeError, BadAddress):
        return None
    return Entry(name, str(address), "", "", description, ca, certificate, key, unchecked, "docker")


def podman_connections() -> list[Entry]:
    """From podman 4's containers.conf, and from podman 5's file of its own, which counts first."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    told: dict[str, Any] = {}
    for path in ("/usr/share/containers/containers.conf", "/etc/containers/containers.conf"):
        told.update(_destinations(path))
    told.update(_destinations(os.path.join(config, "containers/containers.conf")))
    told.update(_connection_file(os.path.join(config, "containers/podman-connections.json")))
    found: list[Entry] = []
    for name, values in told.items():
        try:
            address = parse(str(values["uri"]))
        except (KeyError, TypeError, BadAddress):
            continue
        found.append(Entry(str(name), str(address), "podman", "podman", source="podman"))
    return sorted(found, key=lambda entry: entry.name)


def _destinations(path: str) -> dict[str, Any]:
    import tomllib

    try:
        found = tomllib.loads(_text(path)).get("engine", {}).get("service_destinations", {})
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def _connection_file(path: str) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))["Connection"]["Connections"]
        return {name: {"uri": values["URI"]} for name, values in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def listens(path: str) -> bool:
    """Whether somebody takes calls at a socket, whoever may call."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_CALL_SECONDS)
            line.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    except OSError:
        return os.path.exists(path)
    return True


def podman_socket() -> str:
    """Where the service of the user's own podman listens, if it does."""
    run = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return "/run/podman/podman.sock" if os.getuid() == 0 else f"{run}/podman/podman.sock"


def is_podman_here(entry: Entry) -> bool:
    """Whether it is what the program podman of this user speaks of. A service that we start is marked as that."""
    parsed = parse(entry.address)
    return parsed.scheme == "unix" and (parsed.path == podman_socket() or entry.through == "podman")


def has_podman_store() -> bool:
    """Whether podman keeps anything for this user: an image or a volume. What, its own program tells."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    place = "/var/lib/containers/storage" if os.getuid() == 0 else os.path.join(data, "containers/storage")
    images = glob.glob(os.path.join(glob.escape(place), "*-images/images.json"))
    volumes = glob.glob(os.path.join(glob.escape(place), "volumes/*"))
    return bool(volumes) or any(_text(path).strip() not in ("", "[]", "null") for path in images)


def ssh_hosts() -> list[str]:
    """Names written in the user's ssh configuration, patterns left out; in the order of the file."""
    return list(dict.fromkeys(_hosts(os.path.expanduser("~/.ssh/config"), _MOST_INCLUDES)))


def _hosts(path: str, most: int) -> Iterator[str]:
    for line in _text(path).splitlines():
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if word.lower() == "host":
            names = (name.strip('"') for name in rest.split())
            yield from (name for name in names if name and not set(name) & set("*?!"))
        elif word.lower() == "include" and most:
            for pattern in rest.split():
                inside = os.path.join(os.path.expanduser("~/.ssh"), os.path.expanduser(pattern.strip('"')))
                for each in sorted(glob.glob(inside)):
                    yield from _hosts(each, most - 1)


def _there(path: str) -> str:
    return path if os.path.exists(path) else ""


def _text(path: str) -> str:
    """ "" where there is nothing to read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return ""
