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
