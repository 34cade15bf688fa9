"""The programs the system tests lean on are there and answer."""

from __future__ import annotations

import io
import json
import tarfile
import urllib.request
from typing import TYPE_CHECKING

from tests.support.images import File, busybox_archive

if TYPE_CHECKING:
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp


def test_registry_answers(registry: Registry) -> None:
    with urllib.request.urlopen(f"{registry.url}/v2/", timeout=5) as answer:
        assert json.load(answer) == {}


def test_display_is_a_real_one(display: str) -> None:
    assert display.startswith(":")


def test_busybox_archive_is_the_same_each_time() -> None:
    first = busybox_archive([File("etc/motd", b"hello\n")])

    assert first == busybox_archive([File("etc/motd", b"hello\n")])
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        manifest = json.load(archive.extractfile("manifest.json") or io.BytesIO())
    assert len(manifest[0]["Layers"]) == 2


def test_store_paths_leave_room_for_socket_names(short_tmp: ShortTmp) -> None:
    assert len(str(short_tmp.run)) < 30
    assert short_tmp.run.stat().st_mode & 0o777 == 0o700
