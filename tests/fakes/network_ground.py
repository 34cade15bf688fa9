"""What the networks room stands on, played: namespaces are files, bridges are what was asked of the keeper, a pasta is
a process that does nothing, and the names server answers from the table that the engine wrote."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.sandbox.programs import Completed
from engine.storage.paths import Paths

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from engine.sandbox.keeper.asked.bridges import JoinBridge, MakeBridge


class OwnPaths(Paths):
    """Namespaces are pinned in the store's own directory, so that tests do not meet."""

    @property
    def network_namespaces(self) -> Path:
        return self.run / "netns"

    @property
    def _netns_prefix(self) -> str:
        return ""


def a_process(*words: str, script: str = "") -> subprocess.Popen[bytes]:
    """Something that waits until it is ended, with these among its words, which it has by now."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"{script} echo; read nothing", "played", *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.read(1)  # for a moment after its start a process has no words at all
    process.stdout.close()
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


async def until(holds: Callable[[], bool]) -> None:
    """What the loop hears of by itself."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class PlayedChild:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.signals: list[int] = []
        self.is_closed = False

    def kill(self, signal: int) -> None:
        self.signals.append(signal)

    def close(self) -> None:
        self.is_closed = True


@dataclass
class PlayedNames:
    """The names server, as the engine speaks with it."""

    paths: Paths
    server: asyncio.Server | None = None
    version: str = ""
    heard: list[str] = field(default_factory=list)
    """Words of the engine."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    watchers: list[asyncio.StreamWriter] = field(default_factory=list)
    is_watched: asyncio.Event = field(default_factory=asyncio.Event)
    names: dict[str, str] = field(default_factory=dict)
    """By address, as somebody asked for them."""
    cannot_close: set[str] = field(default_factory=set)
    has_filter: bool = True
    starts: int = 0
    ends_at_once: bool = False
    process: subprocess.Popen[bytes] | None = None
    """What its pid is of."""

    @property
    def table(self) -> dict[str, Any]:
        """What it was told."""
        found: dict[str, Any] = json.loads(self.paths.names_table.read_bytes())
        return found

    async def start(self, version: str) -> None:
        self.starts += 1
        self.version = version
        self._end()
        if self.server is not None:
            self.server.close()
        self.paths.names_socket.unlink(missing_ok=True)
        self.process = a_process("names")
        self.server = await asyncio.start_unix_server(self._serve, str(self.paths.names_socket))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                word, *more = line.decode().split()
                if word == "watch":
                    self.watchers.append(writer)
                    self.is_watched.set()
                    continue
                self.heard.append(word)
                answer = {each: self.names[each] for each in more if each in self.names}
                writer.write(json.dumps(answer if word == "heard" else self._state()).encode() + b"\n")
                if word == "leave":
                    self._end()
                    break
        writer.close()

    def _state(self) -> dict[str, Any]:
        guarded = [each["key"] for each in self.table["members"] if "egress" in each]
        closed = [key for key in guarded if key not in self.cannot_close]
        return {
            "version": self.version,
            "pid": self.process.pid if self.process is not None else 0,
            "guarded": closed,
            "filtered": closed if self.has_filter else [],
        }

    def tell(self, *line: object) -> None:
        """To whoever watches."""
        for each in self.watchers:
            each.write(json.dumps(line).encode() + b"\n")

    def _end(self) -> None:
        if self.process is not None:
            end(self.process)
            self.process = None

    async def stop(self) -> None:
        """It is gone, and whoever spoke with it notices."""
        self._end()
        if self.server is not None:
            self.server.close()
            self.server = None
        for each in self.writers:
            each.close()
        for each in self.writers:
            with contextlib.suppress(ConnectionError):
                await each.wait_closed()
        self.writers.clear()
        self.watchers.clear()


class NetworkGround:
    """In place of the keeper."""

    host_root = False

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.asked: list[str] = []
        """In order, in words."""
        self.bridges: dict[str, MakeBridge] = {}
        self.plugs: dict[tuple[str, str], JoinBridge] = {}
        """By the member's namespace, and the interface inside."""
        self.refusals: list[OSError] = []
        """What the next joins are answered."""
        self.complaints: list[str] = []
        """What the next pastas say, "" for one that runs."""
        self.calls: list[list[str]] = []
        """The command lines of pastas and their stand-ins."""
        self.processes: list[subprocess.Popen[bytes]] = []
        self.children: list[PlayedChild] = []
        """Stand-ins for pasta."""
        self.names = PlayedNames(paths)
        self.speakers: dict[str, Callable[[], socket.socket]] = {}
        self.while_running: Callable[[], object] = lambda: None
        """Called while a pasta starts."""
        for each in (paths.network_namespaces, paths.inside, paths.root):
            each.mkdir(parents=True, exist_ok=True)

    # --- namespaces and bridges ---

    async def create_netns(self, path: Path) -> None:
        self.asked.append(f"create {path.name}")
        _write(path, "")

    async def remove_netns(self, path: Path) -> None:
        self.asked.append(f"remove {path.name}")
        _remove(path)
        self.bridges.pop(path.name, None)
        self.plugs = {key: each for key, each in self.plugs.items() if key[0] != path.name}

    async def make_bridge(self, asked: MakeBridge) -> None:
        name = os.path.basename(asked.path)
        self.asked.append(f"bridge {name}")
        self.bridges[name] = asked

    async def join_bridge(self, asked: JoinBridge) -> None:
        network, member = os.path.basename(asked.network), os.path.basename(asked.member)
        self.asked.append(f"join {member} {network}")
        if self.refusals:
            raise self.refusals.pop(0)
        self.plugs[member, asked.inside] = asked

    async def leave_bridge(self, member: Path, inside: str) -> None:
        self.asked.append(f"leave {member.name}")
        self.plugs.pop((member.name, inside), None)

    async def speak_to_filter(self, namespace: Path) -> socket.socket:
        self.asked.append(f"speak {namespace.name}")
        if namespace.name not in self.speakers:
            raise OSError(93, "Protocol not supported")
        return self.speakers[namespace.name]()

    # --- programs ---

    async def execute(self, plan: Sequence[Any]) -> None:
        for step in plan:
            step.path.mkdir(parents=True, exist_ok=True)

    async def run(self, argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Completed:
        assert (env["LC_ALL"], timeout) == ("C.UTF-8", 20)
        self.calls.append(list(argv))
        self.while_running()
        complaint = self.complaints.pop(0) if self.complaints else ""
        if complaint:
            return Completed(1, b"", complaint.encode())
        options = dict(pairwise(argv))
        process = a_process(*argv[1:])
        self.processes.append(process)
        if "--pid" in options:
            _write(Path(options["--pid"]), f"{process.pid}\n")
        return Completed(0, b"", b"")

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str], pass_fds: Mapping[int, int]
    ) -> PlayedChild:  # fmt: skip
        assert env["LC_ALL"] == "C.UTF-8"
        if argv[0].endswith("slirp4netns"):
            return self.slirp(list(argv), pass_fds)
        assert argv[-2] == str(self.paths.names_socket)
        if not self.names.ends_at_once:
            await self.names.start(argv[-1])
            os.write(pass_fds[3], b"1")
        return PlayedChild(os.getpid())

    def slirp(self, argv: list[str], pass_fds: Mapping[int, int]) -> PlayedChild:
        """One that is ready at once; its control socket is the test's."""
        self.calls.append(argv)
        process = a_process(*argv[1:])
        self.processes.append(process)
        if not self.complaints:
            os.write(pass_fds[3], b"1")
        self.children.append(PlayedChild(process.pid))
        return self.children[-1]

    def give(self, *files: int | Path) -> None:
        self.asked += [f"give {each.name}" for each in files if isinstance(each, Path)]

    async def close(self) -> None:
        await self.names.stop()
        for each in self.processes:
            end(each)
