"""Machines that lack something everybody has: no route to anywhere, device nodes that are closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

REPOSITORY = Path(__file__).parents[3]
WITHOUT_ROUTE = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
WITH_CLOSED_NODES = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-ec",
    "mkdir -p $TMPDIR/nodes; mount -t tmpfs none $TMPDIR/nodes; cd $TMPDIR/nodes; umask 077;"
    "mknod tun c 10 200; mknod fuse c 10 229; mount --bind tun /dev/net/tun; mount --bind fuse /dev/fuse; cd /;"
    'umount -l $TMPDIR/nodes; rmdir $TMPDIR/nodes; test "$(stat -c %a /dev/net/tun /dev/fuse | uniq)" = 600;'
    'cd "$1"; shift; exec "$@"',
    "sh",
    str(REPOSITORY),
]


def wherry(store: ShortTmp, before: list[str], *words: str) -> str:
    environment = {**os.environ, "TMPDIR": str(store.path), "XDG_RUNTIME_DIR": str(store.run)}
    done = subprocess.run(
        [*before, sys.executable, "-m", "engine.cli", *words],
        env=environment | {"WHERRY_ROOT": str(store.root)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


if os.getuid() == 0:  # only root can take the route away and close nodes

    @pytest.mark.also_as_root
    @pytest.mark.timeout(180)
    def test_the_tour_runs_where_there_is_no_route_to_anywhere(short_tmp: ShortTmp) -> None:
        assert "still answers" in wherry(short_tmp, WITHOUT_ROUTE, "tour", "--no-window")

    @pytest.mark.also_as_root
    @pytest.mark.timeout(180)
    def test_the_tour_runs_where_the_device_nodes_are_roots_alone(short_tmp: ShortTmp) -> None:
        assert "still answers" in wherry(short_tmp, WITH_CLOSED_NODES, "tour", "--no-window")

    @pytest.mark.also_as_root
    def test_the_doctor_asks_as_the_one_who_opens_them(short_tmp: ShortTmp) -> None:
        assert "/dev/net/tun opens" in wherry(short_tmp, WITH_CLOSED_NODES, "doctor")
