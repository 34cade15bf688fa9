"""Machines that lack something everybody has: no route to anywhere, device nodes that are closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.images import File, busybox_archive
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

REPOSITORY = Path(__file__).parents[3]
WITHOUT_ROUTE = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
ON_AN_OVERLAY = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-ec",
    "mkdir -p $WHERRY_ROOT $TMPDIR/parts/lower $TMPDIR/parts/upper $TMPDIR/parts/work;"
    "cd $TMPDIR/parts; mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work $WHERRY_ROOT;"
    'cd "$1"; shift; exec "$@"',
    "sh",
    str(REPOSITORY),
]
"""A development container or a live system: no device nodes may be made there, and no overlay lies on it."""
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
    return said(store, [*before, sys.executable, "-m", "engine.cli", *words])


def said(store: ShortTmp, argv: list[str]) -> str:
    environment = {**os.environ, "TMPDIR": str(store.path), "XDG_RUNTIME_DIR": str(store.run)}
    done = subprocess.run(
        argv,
        env=environment | {"WHERRY_ROOT": str(store.root), "WHERRY_RUN": str(store.run), "WHERRY_IDLE_SECONDS": "1"},
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
    @pytest.mark.timeout(180)
    def test_images_that_take_files_away_work_in_a_store_on_an_overlay(short_tmp: ShortTmp) -> None:
        context = short_tmp.path / "context"
        context.mkdir()
        (context / "base.tar").write_bytes(busybox_archive([File("d/gone"), File("d/e/old")], [File("d/.wh.gone")]))
        (context / "Dockerfile").write_text(
            "FROM localhost/busybox\nRUN rm -r /d/e && mkdir /d/e && touch /d/e/new\nRUN touch /d/e/newer\n"
        )
        script = (
            f'w="{sys.executable} -m engine.cli"; cd {REPOSITORY}; $w load -q < {context}/base.tar >/dev/null;'
            f"$w build -q -t probe {context} >/dev/null; $w run --rm probe ls -R /d; $w info | grep -i driver"
        )
        told = said(short_tmp, [*ON_AN_OVERLAY, "sh", "-ec", script])
        assert told.split()[:6] == ["/d:", "e", "/d/e:", "new", "newer", "Storage"], told
        assert "fuse-overlayfs" in told
        wait_until(lambda: not (short_tmp.run / "docker.sock").exists(), "the end of the engine")

    @pytest.mark.also_as_root
    @pytest.mark.timeout(180)
    def test_a_container_that_began_without_a_route_reaches_what_comes(short_tmp: ShortTmp) -> None:
        archive = short_tmp.path / "busybox.tar"
        archive.write_bytes(busybox_archive())
        (short_tmp.path / "page").write_text("reached")
        script = f"""
            w="{sys.executable} -m engine.cli"; trap 'kill $other $server' EXIT
            $w load -q <{archive} >/dev/null; $w run -d --name early localhost/busybox sleep 1000 >/dev/null
            unshare --net sleep 100 & other=$!
            while [ $(readlink /proc/$other/ns/net) = $(readlink /proc/$$/ns/net) ]; do :; done
            ip link add near type veth peer name far netns $other; ip address add 192.0.2.1/24 dev near
            nsenter --net --target $other sh -ec 'ip address add 198.51.100.7 dev lo; ip link set lo up
                ip address add 192.0.2.2/24 dev far; ip link set far up'
            ip link set near up; ip route add default via 192.0.2.2
            nsenter --net --target $other busybox httpd -f -p 80 -h {short_tmp.path} & server=$!
            until nsenter --net --target $other busybox wget -q -O /dev/null http://127.0.0.1/page; do :; done
            $w exec early wget -q -O - http://198.51.100.7/page; $w rm -f early >/dev/null"""
        assert said(short_tmp, [*WITHOUT_ROUTE, "bash", "-ec", script]) == "reached"
        wait_until(lambda: not (short_tmp.run / "docker.sock").exists(), "the end of the engine")

    @pytest.mark.also_as_root
    def test_the_doctor_asks_as_the_one_who_opens_them(short_tmp: ShortTmp) -> None:
        assert "/dev/net/tun opens" in wherry(short_tmp, WITH_CLOSED_NODES, "doctor")
