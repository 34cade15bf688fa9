"""Verbs from the words typed to the words printed, over a served fake engine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from engine.cli.completion import candidates
from engine.cli.main import main
from engine.cli.reach.wire import Client, Failed, decode, query, quote
from tests.unit.api.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.stores import ShortTmp


@pytest.fixture
def engine_run(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A served fake engine on a loop of its own, found by WHERRY_RUN."""
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(short_tmp.run):
            ready.set()
            await asyncio.get_running_loop().run_in_executor(None, done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="served")
    thread.start()
    assert ready.wait(10)
    monkeypatch.setenv("WHERRY_RUN", str(short_tmp.run))
    yield short_tmp.run
    done.set()
    thread.join(10)


@pytest.fixture
def wherry(engine_run: Path, capfd: pytest.CaptureFixture[str]) -> object:
    def run(*words: str, code: int = 0) -> str:
        assert main(list(words)) == code, capfd.readouterr()
        captured = capfd.readouterr()
        return captured.out if code == 0 else captured.out + captured.err

    return run


class Wherry:
    def __call__(self, *words: str, code: int = 0) -> str: ...  # type: ignore[empty-body]


def test_ps_as_docker_prints_it(wherry: Wherry) -> None:
    lines = wherry("ps", "-a").splitlines()
    assert lines[0].split() == "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES".split()
    assert any(line.endswith("shop-web-1") and "0.0.0.0:8080->80/tcp" in line for line in lines)
    assert wherry("ps", "-q", "--filter", "name=shop-web").strip() in wherry("ps", "-q", "--no-trunc")
    assert wherry("ps", "--filter", "name=^shop-web", "--format", "{{.Names}}|{{.State}}") == "shop-web-1|running\n"
    one = json.loads(wherry("ps", "--filter", "name=^shop-web", "--format", "json"))
    assert one["Names"] == "shop-web-1"
    table = wherry("ps", "--filter", "name=^shop-web", "--format", "table {{.Names}}\\t{{.ID}}").splitlines()
    assert table[0].split() == ["NAMES", "CONTAINER", "ID"]


def test_a_containers_life(wherry: Wherry) -> None:
    made = wherry("create", "--name", "mine", "-e", "A=b", "-p", "18080:80", "-m", "64m", "alpine:3.20", "sleep", "9")
    assert len(made.strip()) == 64
    assert wherry("start", "mine") == "mine\n"
    assert wherry("inspect", "-f", "{{.HostConfig.Memory}} {{.Config.Env}}", "mine").startswith("67108864 [")
    assert wherry("port", "mine") == "80/tcp -> 0.0.0.0:18080\n"
    assert wherry("pause", "mine") == "mine\n"
    assert wherry("unpause", "mine") == "mine\n"
    assert wherry("stop", "-t", "0", "mine") == "mine\n"
    assert wherry("rename", "mine", "yours") == ""
    assert wherry("rm", "yours") == "yours\n"


def test_logging_in_and_out(wherry: Wherry) -> None:
    assert wherry("login", "-u", "me", "-p", "secret", "r.example").endswith("Login Succeeded\n")
    assert "does not take this user name and password" in wherry(
        "login", "-u", "me", "-p", "wrong", "r.example", code=1
    )
    assert "Removing" in wherry("logout", "r.example")
    assert "Not logged in" in wherry("logout", "r.example")


def test_errors_and_exit_codes(wherry: Wherry) -> None:
    assert "No such container: nosuch" in wherry("stop", "nosuch", code=1)
    assert "No such object: nosuch" in wherry("inspect", "nosuch", code=1)
    assert "unknown flag" in wherry("ps", "--nosuch", code=125)
    assert "not a wherry command" in wherry("nosuch", code=1)
    assert "at least 1" in wherry("run", code=1)
    assert "invalid port" in wherry("run", "-p", "a:b:c:d", "alpine:3.20", code=125)


def test_images_volumes_networks(wherry: Wherry) -> None:
    assert "nginx" in wherry("images")
    assert wherry("images", "--format", "{{.Repository}}:{{.Tag}}", "nginx") == "nginx:1.27\n"
    assert wherry("tag", "nginx:1.27", "mine:1") == ""
    assert "Untagged: mine:1" in wherry("rmi", "mine:1")
    assert wherry("volume", "create", "v9") == "v9\n"
    assert "v9" in wherry("volume", "ls", "-q").split()
    assert wherry("volume", "rm", "v9") == "v9\n"
    assert len(wherry("network", "create", "n9").strip()) >= 12
    assert json.loads(wherry("network", "inspect", "n9"))[0]["Name"] == "n9"
    assert wherry("network", "rm", "n9") == "n9\n"
    assert "RECLAIMABLE" in wherry("system", "df")
    assert "IMAGE" in wherry("history", "nginx:1.27")


def test_pull_in_a_pipe_is_plain_lines(wherry: Wherry) -> None:
    lines = wherry("pull", "busybox:1").splitlines()
    assert lines[-1] == "docker.io/library/busybox:1"
    assert not any("Downloading" in line or "\x1b" in line for line in lines)
    assert wherry("pull", "-q", "busybox:2") == "docker.io/library/busybox:2\n"


def test_looking(wherry: Wherry) -> None:
    assert len(wherry("logs", "--tail", "3", "shop-web-1").splitlines()) <= 3
    assert wherry("top", "shop-web-1").startswith("UID")
    assert "shop-web-1" in wherry("stats", "--no-stream", "shop-web-1")
    assert wherry("pause", "shop-web-1")
    assert "container pause" in wherry("events", "--since", "1h", "--until", "0s")
    assert wherry("diff", "shop-web-1")[0] in "ACD"
    assert "Storage driver" in wherry("info")
    assert wherry("version", "--format", "{{.Server.ApiVersion}}") == "1.54\n"


def test_copying_out(wherry: Wherry, tmp_path: Path) -> None:
    wherry("cp", "shop-web-1:/etc/hostname", str(tmp_path / "name"))
    assert (tmp_path / "name").is_file()
    wherry("cp", "shop-web-1:/etc/hostname", str(tmp_path))
    assert (tmp_path / "hostname").is_file()
    assert "must exist" in wherry("cp", "shop-web-1:/etc/hostname", str(tmp_path / "nosuch") + "/", code=1)


def test_the_line_for_docker(wherry: Wherry, engine_run: Path) -> None:
    assert wherry("context") == f"export DOCKER_HOST=unix://{engine_run}/docker.sock\n"
    assert wherry("context", "--shell", "fish").startswith("set -gx DOCKER_HOST ")


def test_completions(wherry: Wherry) -> None:
    assert "rmi" in candidates(["rm"])
    assert "rm" in candidates(["volume", "r"])
    assert "--filter" in candidates(["ps", "--f"])
    assert "shop-web-1" in candidates(["stop", "shop"])
    assert "thumbnailer" not in candidates(["stop", ""])
    assert "thumbnailer" in candidates(["rm", ""])
    assert "nginx:1.27" in candidates(["run", "-d", "ngi"])
    assert candidates(["run", "nginx:1.27", ""]) == []
    assert "pgdata" in candidates(["volume", "rm", ""])
    assert "bridge" in candidates(["network", "inspect", ""])
    for shell in ("bash", "zsh", "fish"):
        assert "__complete" in wherry("completion", shell)


def test_places_are_taken_off_the_front(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("WHERRY_RUN", raising=False)
    monkeypatch.setenv("WHERRY_ROOT", "")
    monkeypatch.setenv("WHERRY_RUN", "")
    assert main(["--run", "/nowhere/run", "--root=/nowhere/root", "context"]) == 0
    assert "unix:///nowhere/run/docker.sock" in capsys.readouterr().out
    assert main(["--run"]) == 125


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "Usage:  wherry" in capsys.readouterr().out
    assert main(["help", "run"]) == 0
    assert "--publish" in capsys.readouterr().out
    assert main(["volume"]) == 0
    assert "prune" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("Wherry version ")


def test_the_wire(engine_run: Path) -> None:
    client = Client(str(engine_run / "docker.sock"))
    assert client.ask("GET", "/_ping").read() == b"OK"
    with pytest.raises(Failed) as caught:
        client.get("/containers/nosuch/json")
    assert (caught.value.status, caught.value.message) == (404, "No such container: nosuch")
    assert quote("a b/c:d%") == "a%20b/c:d%25"
    assert query({"a": True, "b": "", "c": ["x", "y z"], "d": None, "e": 0}) == "?a=1&c=x&c=y%20z&e=0"
    assert decode(b' {"a": [1, 2.5, null, "\\u00e4"]}\n') == {"a": [1, 2.5, None, "ä"]}
    with pytest.raises(ValueError, match="JSON"):
        decode(b"nonsense")


def test_a_reader_that_has_gone_before_the_first_byte_is_told_nothing() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "engine.cli", "--version"], stdout=write_end, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")
