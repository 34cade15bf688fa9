"""What `docker volume create -o …` may say, and the sentences where it may not."""

from __future__ import annotations

import pytest

from engine.errors import InvalidRequest, WherryError
from engine.volumes.options import VolumeMount, mount_of


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        (
            {"type": "tmpfs", "device": "tmpfs", "o": "size=100m,uid=1000,mode=0700,nosuid,noexec"},
            VolumeMount("memory", no_exec=True, kernel_options="size=100m,uid=1000,mode=0700"),
        ),
        ({"type": "tmpfs", "device": "x"}, VolumeMount("memory")),
        ({"type": "TMPFS", "device": "x", "o": "ro,,rw,nodev,exec"}, VolumeMount("memory", read_only=True)),
        (
            {"type": "tmpfs", "device": "x", "o": "size=50%,nr_inodes=1k,nr_blocks=9M,gid=5,defaults,noatime,relatime"},
            VolumeMount("memory", kernel_options="size=50%,nr_inodes=1k,nr_blocks=9M,gid=5"),
        ),
        (
            {"type": "none", "device": "/srv", "o": "bind,rw,private,rprivate,defaults"},
            VolumeMount("folder", folder="/srv"),
        ),
        ({"type": "none", "device": "/srv", "o": "bind"}, VolumeMount("folder", folder="/srv")),
        ({"type": "none", "device": "/srv", "o": "ro,rbind"}, VolumeMount("folder", folder="/srv", read_only=True)),
        ({"type": "bind", "device": "/srv"}, VolumeMount("folder", folder="/srv")),
    ],
)
def test_what_is_there(options: dict[str, str], expected: VolumeMount | None) -> None:
    assert mount_of(options) == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "nfs", "device": ":/x", "o": "addr=10.0.0.1"}, "Mount it on this machine"),
        ({"type": "cifs", "device": "//a/b", "o": ""}, "Mount it on this machine"),
        ({"type": "ext4", "device": "/dev/sdb"}, "Only root may mount a device"),
        ({"type": "none", "device": "/srv"}, "Only root may mount a device"),
        ({"nosuch": "x"}, "invalid option"),
        ({"type": "tmpfs"}, "missing required option: “device”"),
        ({"device": "/srv"}, "missing required option: “type”"),
        ({"size": "10G"}, "cannot be bounded"),
        ({"type": "none", "device": "srv", "o": "bind"}, "no absolute path"),
        ({"type": "none", "device": "/srv", "o": "bind,size=1"}, "no option of a volume that is a folder"),
        ({"type": "tmpfs", "device": "tmpfs", "o": "huge=always"}, "no option of a volume in memory"),
        ({"type": "tmpfs", "device": "tmpfs", "o": "uid=0\nx"}, "no option of a volume in memory"),
    ],
)
def test_what_is_not_is_refused_in_words(options: dict[str, str], words: str) -> None:
    with pytest.raises(WherryError) as caught:
        mount_of(options)
    assert words in str(caught.value)
    assert isinstance(caught.value, InvalidRequest) or "root" in str(caught.value) or "bounded" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "story"),
    [
        ({"size": "1"}, "A volume's size cannot be bounded. Use type=tmpfs with o=size=…"),
        ({"x" * 90: "1"}, f"invalid option: “{'x' * 80}”. The local driver knows type, device and o."),
        ({"device": "x"}, "missing required option: “type”."),
        ({"type": "x", "device": ""}, "missing required option: “device”."),
        (
            {"type": "NFS", "device": "x"},
            "A volume cannot be a network share here (nfs). Only root may mount one, and no part of Wherry is root. "
            "Mount it on this machine (/etc/fstab), and give its folder: type=none, o=bind, device=/the/folder.",
        ),
        (
            {"type": "y" * 50, "device": "x"},
            f"A volume of type “{'y' * 40}” cannot be mounted. Only root may mount a device. type=tmpfs, and type=none "
            "with o=bind for a folder, are there.",
        ),
        ({"type": "bind", "device": "x" * 300}, f"“{'x' * 200}” is no absolute path. Give device=/the/folder."),
        ({"type": "bind", "device": "/x", "o": "z" * 90}, f"“{'z' * 80}” is no option of a volume that is a folder."),
        ({"type": "tmpfs", "device": "x", "o": "z" * 90}, f"“{'z' * 80}” is no option of a volume in memory."),
        ({"type": "tmpfs", "device": "x", "o": "size=1=2"}, "“size=1=2” is no option of a volume in memory."),
        ({"type": "tmpfs", "device": "x", "o": "mode=9"}, "“mode=9” is no option of a volume in memory."),
    ],
)
def test_each_refusal_says_what_to_do(options: dict[str, str], story: str) -> None:
    with pytest.raises(WherryError) as caught:
        mount_of(options)
    assert str(caught.value) == story


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "9p", "sshfs"])
def test_shares_are_told_from_disks(kind: str) -> None:
    with pytest.raises(WherryError, match="network share"):
        mount_of({"type": kind, "device": "x"})
