"""Where the programs are. Found once by name, in PATH and in the places distributions hide helpers."""

from __future__ import annotations

import os
import shutil
from functools import cache

from engine.errors import HostError

_HIDDEN_PLACES = ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/cri-o")
_PACKAGES = {
    "crun": "crun",
    "conmon": "conmon",
    "pasta": "passt",
    "slirp4netns": "slirp4netns",
    "catatonit": "catatonit",
    "fuse-overlayfs": "fuse-overlayfs",
    "newuidmap": "uidmap",
    "git": "git",
}
_PURPOSES = {
    "crun": "start containers",
    "conmon": "look after running containers",
    "pasta": "give containers a network",
    "catatonit": "reap zombies in containers started with an init",
    "git": "fetch a build context from a repository",
}


@cache
def find_program(name: str) -> str | None:
    """The path of a program, None where it is not installed."""
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), *_HIDDEN_PLACES))
    return shutil.which(name, path=places)


def need_program(name: str) -> str:
    path = find_program(name)
    if path is None:
        package = _PACKAGES.get(name, name)
        raise HostError(
            f"{name} is not installed",
            f"Wherry needs it to {_PURPOSES.get(name, 'do this')}.",
            hint=f"Install it: sudo apt install {package}",
            subject=name,
        )
    return path


def runtime_environment() -> dict[str, str]:
    """What the runtime's programs see: no more of the user's session than they need, and names in any alphabet.

    Without a locale of UTF-8 conmon makes nothing of a store whose path is not plain ASCII. Each C library has C.UTF-8.
    """
    kept = ("PATH", "HOME", "XDG_RUNTIME_DIR", "TMPDIR")
    found = {name: value for name in kept if (value := os.environ.get(name))}
    path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    return path | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | found
