"""Options of the local volume driver: a volume that is kept in memory, or one that is a folder of this machine.

    type=tmpfs device=tmpfs o=size=100m,uid=1000,mode=0700      type=none device=/srv/files o=bind,ro

Docker's driver hands them to mount(8) as root. What only root can mount is refused with what to do instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from engine.errors import InvalidRequest, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS: Final = frozenset({"type", "device", "o"})
_OF_THE_NETWORK: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "9p", "sshfs"})
_FOLDER_WORDS: Final = frozenset({"bind", "rbind", "rw", "ro", "private", "rprivate", "defaults"})
_MEMORY_FLAGS: Final = frozenset({"rw", "ro", "nosuid", "nodev", "noexec", "exec", "defaults", "noatime", "relatime"})
_MEMORY_VALUES: Final = {
    "size": re.compile(r"\d{1,15}[kmgKMG%]?"),
    "nr_inodes": re.compile(r"\d{1,15}[kmgKMG]?"),
    "nr_blocks": re.compile(r"\d{1,15}[kmgKMG]?"),
    "mode": re.compile(r"[0-7]{3,5}"),
    "uid": re.compile(r"\d{1,9}"),
    "gid": re.compile(r"\d{1,9}"),
}


@dataclass(frozen=True)
class VolumeMount:
    """What to put where the volume's files are."""

    kind: Literal["memory", "folder"]
    folder: str = ""
    read_only: bool = False
    no_exec: bool = False
    kernel_options: str = ""
    """Of a tmpfs, as the kernel takes them."""


def mount_of(options: Mapping[str, str]) -> VolumeMount | None:
    """None for a volume without options, which is a directory of the store."""
    if not options:
        return None
    for key in options:
        if key == "size":
            raise Unsupported("A volume's size cannot be bounded", hint="Use type=tmpfs with o=size=…")
        if key not in _KEYS:
            raise InvalidRequest(f"invalid option: “{key[:80]}”", hint="The local driver knows type, device and o.")
    for key in ("device", "type"):
        if not options.get(key):
            raise InvalidRequest(f"missing required option: “{key}”")
    kind, words = options["type"].lower(), [word for word in options.get("o", "").split(",") if word]
    if kind == "tmpfs":
        return _memory(words)
    if kind in ("none", "bind") and (kind == "bind" or {"bind", "rbind"} & set(words)):
        return _folder(options["device"], words)
    if kind in _OF_THE_NETWORK:
        raise Unsupported(
            f"A volume cannot be a network share here ({kind})",
            "Only root may mount one, and no part of Wherry is root.",
            hint="Mount it on this machine (/etc/fstab), and give its folder: type=none, o=bind, device=/the/folder.",
        )
    raise Unsupported(
        f"A volume of type “{kind[:40]}” cannot be mounted",
        "Only root may mount a device.",
        hint="type=tmpfs, and type=none with o=bind for a folder, are there.",
    )


def _memory(words: list[str]) -> VolumeMount:
    kept: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in _MEMORY_VALUES and _MEMORY_VALUES[name].fullmatch(value):
            kept.append(word)
        elif word not in _MEMORY_FLAGS:
            raise InvalidRequest(f"“{word[:80]}” is no option of a volume in memory")
    return VolumeMount("memory", read_only="ro" in words, no_exec="noexec" in words, kernel_options=",".join(kept))


def _folder(device: str, words: list[str]) -> VolumeMount:
    if not device.startswith("/"):
        raise InvalidRequest(f"“{device[:200]}” is no absolute path", hint="Give device=/the/folder.")
    for word in words:
        if word not in _FOLDER_WORDS:
            raise InvalidRequest(f"“{word[:80]}” is no option of a volume that is a folder")
    return VolumeMount("folder", folder=device, read_only="ro" in words)
