"""A machine in memory: a keeper without namespaces or mounts, and the programs that run containers, played.

All of the engine runs on it, with its store, its database and its event loop, where a kernel gives no namespaces: what
is played is what ends at the keeper. Files are real ones in the store. A mount is a line in a table, an overlay a copy
of its layers; a container is one small process that does nothing, and ends as a test says (`end`, `lose_conmon`) or as
the engine asks (signals).
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from engine.cgroups.layout import Layout, Mode
from engine.cgroups.tree import CgroupTree
from engine.ground import Ground
from engine.processes.crun import Crun
from engine.sandbox import closing
from engine.sandbox.asking import Answer
from engine.sandbox.client import Keeper
from engine.sandbox.failures import KeeperLost, ReplyError
from engine.sandbox.ids import IdMapping, IdRange
from engine.sandbox.keeper import mounting
from engine.sandbox.keeper.asked import bridges as ask_bridges
from engine.sandbox.keeper.asked import files as ask_files
from engine.sandbox.keeper.asked import mounts as ask_mounts
from engine.sandbox.keeper.asked import steps
from engine.sandbox.keeper.asked import trees as ask_trees
from engine.sandbox.keeper.asked.mounts import Mount
from engine.sandbox.keeper.asked.programs import Spawn, Spawned
from engine.sandbox.keeper.disk import files, trees
from engine.sandbox.keeper.layers import packing, unpacking, verifying
from engine.sandbox.keeper.requests import BadInput, Reply, Request, describe
from tests.fakes import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NamedTuple

    from engine.sandbox.keeper.asked.steps import Step
    from engine.sandbox.keeper.requests import Handler
    from engine.storage.paths import Paths

_HANDLERS: dict[type, Handler] = {
    ask_files.ListDirectory: files.list_directory,
    ask_files.Stat: files.stat_entry,
    ask_files.OpenFile: files.open_file,
    ask_files.WriteFile: files.write_file,
    ask_files.Rename: files.rename,
    ask_files.MakeDirectory: files.make_directory,
    ask_files.Remove: files.remove,
    ask_files.RealPath: files.real_path,
    ask_files.MissingPlaces: files.missing_places,
    ask_files.RemoveUnused: files.remove_unused,
    ask_trees.Unpack: unpacking.unpack,
    ask_trees.Pack: packing.pack,
    ask_trees.CopyTree: trees.copy_tree,
    ask_trees.RemoveTree: trees.remove_tree,
    ask_trees.MeasureTree: trees.tree_size,
    ask_trees.Sync: verifying.sync,
    ask_trees.VerifyLayer: verifying.verify_layer,
}
_STREAMS = (ask_trees.Unpack, ask_trees.Pack)
"""Their other end is the engine's own loop, so they work beside it."""
_OF_EXEC = ("--log", "--pid-file", "--process")
_STATES = {"TERM": 143, "KILL": 137, "INT": 130, "QUIT": 131}


@dataclass
class Played:
    """A container that seems to run."""

    id: str
    process: subprocess.Popen[bytes]
    exits: Path
    state: Path
    """crun's notes on it."""
    root: Path
    """What it has for a root: as /proc/PID/root would be."""
    call: tuple[str, ...] = ()
    """What conmon was called with."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass
class _Overlay:
    """What was mounted, to tell what was changed since."""

    target: Path
    upper: Path | None
    before: dict[str, tuple[int, ...]]


@dataclass
class MachineInMemory(Ground):
    """Outlives the engines that are opened on it."""

    deaf: bool = False
    """Containers take no notice of any signal but KILL."""
    refusal: str = ""
    """What crun says to whoever wants to create a container."""
    fuse_refusal: str = ""
    """What fuse-overlayfs says to whoever wants to mount."""
    commands: dict[str, Callable[[Path, list[str]], str]] = field(default_factory=dict)
    """What a build's steps do, by the first word of their shell command: given the root and all words, what it says.
    A step whose command is not here fails with 127."""
    documents: list[dict[str, Any]] = field(default_factory=list)
    """What crun was given of each step, the last one while it runs."""
    executed: list[dict[str, Any]] = field(default_factory=list)
    """What crun was given of each further command in a container."""
    asked: list[str] = field(default_factory=list)
    """The operations that keepers were asked for, by name."""
    groups: Path | None = None
    """Where there are control groups (`groups.PlayedGroup`), if there are any."""
    dying: str = ""
    """The keeper dies over the next operation of this name."""
    containers: dict[str, Played] = field(default_factory=dict)
    mounted: list[Mount] = field(default_factory=list)

    async def keeper(self, paths: Paths) -> Keeper:
        return KeeperInMemory(paths, self)

    async def cgroups(self, paths: Paths, keeper: Keeper) -> CgroupTree:
        return CgroupTree(groups.layout(self.groups) if self.groups else Layout(Mode.NONE, {}, frozenset()), "wherry")

    def crun(self, paths: Paths) -> Crun:
        program = paths.root / "crun"
        program.touch()  # its age is looked at
        return Crun(str(program), paths.crun_root)

    def conmon(self) -> str:
        return "conmon"

    # --- what tests do ---

    def begin(self, container_id: str, root: Path) -> Played:
        """A container runs, whoever started it."""
        process = subprocess.Popen(["/bin/sleep", "1000"])
        self.containers[container_id] = Played(container_id, process, root.parent, root.parent / "state", root)
        return self.containers[container_id]

    def end(self, container_id: str, code: int) -> None:
        """Its command ends by itself."""
        played = self.containers[container_id]
        fresh = played.exits / f"{container_id}.new"
        fresh.write_text(str(code))
        fresh.rename(played.exits / container_id)
        self.lose_conmon(container_id)

    def lose_conmon(self, container_id: str) -> None:
        """Somebody killed what looks after it; nobody knows how it ended."""
        played = self.containers[container_id]
        played.process.kill()
        played.process.wait()
        shutil.rmtree(played.state, ignore_errors=True)

    def forget_lost_mounts(self) -> None:
        """A mount goes with the directory that it is on."""
        self.mounted = [each for each in self.mounted if os.path.lexists(each.target)]

    def turn_off(self) -> None:
        """Everything that runs is gone, and nothing was written down."""
        for played in self.containers.values():
            if played.alive:
                played.process.kill()
                played.process.wait()
            shutil.rmtree(played.state, ignore_errors=True)

    # --- the programs, as the keeper starts them ---

    def play(self, asked: Spawn, fds: Mapping[int, int]) -> subprocess.Popen[bytes]:
        name = Path(asked.argv[0]).name
        if name == "conmon":
            return self._conmon(list(asked.argv), fds)
        if name == "fuse-overlayfs":
            return _shell('printf %s "$1" >&2; exit "$2"', [self.fuse_refusal, str(int(bool(self.fuse_refusal)))], fds)
        if "exec" in asked.argv:
            return self._exec(list(asked.argv), fds)
        if any(word.endswith("/lend_program.py") for word in asked.argv):
            return self._lend(list(asked.argv[-3:]), fds)
        if "-SIc" in asked.argv:  # one signal, to whom the descriptor names
            signal.pidfd_send_signal(fds[3], int(asked.argv[-1]))
            return _shell("exit 0", [], fds)
        if name == "crun":
            code, said = self._crun(list(asked.argv))
            where = ">&2" if "kill" in asked.argv else ""
            return _shell(f'printf %s "$2" {where}; exit "$1"', [str(code), said], fds)
        return subprocess.Popen(list(asked.argv), cwd=asked.cwd, env=dict(asked.env), **_standard(fds))

    def _conmon(self, argv: list[str], fds: Mapping[int, int]) -> subprocess.Popen[bytes]:
        options = dict(pairwise(argv))
        container_id, bundle = options["--cid"], Path(options["--bundle"])
        root = next(
            Path(argv[at + 1].partition("=")[2]) for at, each in enumerate(argv) if each == "--runtime-arg=--root"
        )
        if self.refusal:
            _tell(fds[3], {"pid": -1, "message": self.refusal})
            return _shell("exit 1", [], fds)
        # The id stands among its words: by that an engine knows whose conmon it is. It stops: a child that slept for it
        # would be left over.
        process = subprocess.Popen(
            ["/bin/sh", "-c", "kill -STOP $$", "conmon", container_id],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        state = root / container_id
        state.mkdir(parents=True, exist_ok=True)
        (bundle / "pid").write_text(str(process.pid))
        inside = Path(json.loads((bundle / "config.json").read_text())["root"]["path"])
        self.containers[container_id] = Played(
            container_id, process, Path(options["--exit-dir"]), state, inside, tuple(argv)
        )  # fmt: skip
        _tell(fds[3], {"pid": process.pid})
        return process

    def _exec(self, argv: list[str], fds: Mapping[int, int]) -> subprocess.Popen[bytes]:
        """A program of this machine's, with the environment and the terminal that it was to have inside."""
        descriptors = {name: fds[int(argv[argv.index(name) + 1].rpartition("/")[2])] for name in _OF_EXEC}
        process = json.loads(os.pread(descriptors["--process"], 1 << 20, 0))
        self.executed.append(process)
        if self.refusal:
            os.write(descriptors["--log"], json.dumps({"msg": self.refusal}).encode())
            return _shell("exit 1", [], fds)
        standard, terminal = _standard(fds), -1
        if "--console-socket" in argv:
            master, terminal = os.openpty()
            with socket.socket(socket.AF_UNIX) as console:
                console.connect(argv[argv.index("--console-socket") + 1])
                socket.send_fds(console, [b"terminal"], [master])
            os.close(master)
            standard = dict.fromkeys(standard, terminal)
        env = dict(each.partition("=")[::2] for each in process["env"])
        started = subprocess.Popen(process["args"], env=env, **standard)
        if terminal >= 0:
            os.close(terminal)
        os.write(descriptors["--pid-file"], str(started.pid).encode())
        return started

    def _lend(self, words: list[str], fds: Mapping[int, int]) -> subprocess.Popen[bytes]:
        pid, busybox, target = words
        if self.refusal:
            return _shell('printf "first\n%s\n" "$1" >&2; exit 1', [self.refusal], fds)
        place = Path(f"{self.root_of(int(pid))}{target}")
        place.mkdir(parents=True)
        (place / "busybox").symlink_to(busybox)
        return _shell("exit 0", [], fds)

    def root_of(self, pid: int) -> Path | None:
        """Of a container's first process."""
        return next((each.root for each in self.containers.values() if each.process.pid == pid), None)

    def _crun(self, argv: list[str]) -> tuple[int, str]:
        match words := argv[argv.index("--cgroup-manager=disabled") + 1 :]:
            case ["start", _]:
                return 0, ""
            case ["kill", container_id, name]:
                return self._signal(container_id, name.removeprefix("SIG"))
            case ["delete", "--force", container_id]:
                if (played := self.containers.get(container_id)) is not None and played.alive:
                    self._signal(container_id, "KILL")
                return 0, ""
            case ["run", *_, _, bundle, _]:
                return self._step(Path(bundle))
        return 1, f"crun was not expected to be asked for {words}"

    def _signal(self, container_id: str, name: str) -> tuple[int, str]:
        played = self.containers.get(container_id)
        if played is None or not played.alive:
            return 1, "container is not running"
        if name == "KILL" or (not self.deaf and name in _STATES):
            self.end(container_id, _STATES[name])
        return 0, ""

    def _step(self, bundle: Path) -> tuple[int, str]:
        document = json.loads((bundle / "config.json").read_text())
        self.documents.append(document)
        words = document["process"]["args"][-1].split()
        does = self.commands.get(words[0])
        if does is None:
            return 127, f"{words[0]}: not found\n"
        return 0, does(Path(document["root"]["path"]), words)


def _fuse_overlay(asked: Spawn) -> steps.Overlay:
    options = dict(each.split("=", 1) for each in asked.argv[2].split(","))
    lower = options["lowerdir"].split(":")
    return steps.Overlay(asked.argv[3], lower, options.get("upperdir", ""), options.get("workdir", ""), asked.cwd)


def _tell(fd: int, answer: dict[str, Any]) -> None:
    os.write(fd, json.dumps(answer).encode() + b"\n")


def _standard(fds: Mapping[int, int]) -> dict[str, Any]:
    names = ("stdin", "stdout", "stderr")
    return {name: fds.get(number, subprocess.DEVNULL) for number, name in enumerate(names)}


def _shell(script: str, words: list[str], fds: Mapping[int, int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", script, "played", *words], **_standard(fds))


class KeeperInMemory(Keeper):
    """The keeper's own functions, called here; only mounts, owners and programs are played."""

    def __init__(self, paths: Paths, machine: MachineInMemory) -> None:
        one = IdMapping((IdRange(0, os.getuid(), 1),), (IdRange(0, os.getgid(), 1),))
        super().__init__(paths, one)
        self._machine = machine
        self._mask = os.umask(0o077)
        os.umask(self._mask)
        self._overlays: list[_Overlay] = []
        self._programs: dict[int, subprocess.Popen[bytes]] = {}
        """Those that end by themselves, by what tells of it."""
        closing.make_root(paths)
        closing.make_closed(paths, one)
        for each in (*paths.owned_by_namespace, paths.driver_choice.parent):
            each.mkdir(parents=True, exist_ok=True)
        paths.driver_choice.write_text(json.dumps({"name": "overlay", "reason": "It is played."}))

    async def close(self) -> None:
        self._closing = True
        for watched, process in tuple(self._programs.items()):
            process.kill()  # what is left of them would be in a container, or a stand-in's
            self._ended(watched)
        self._forget_children()

    @property
    def _is_there(self) -> bool:
        return True

    async def _carry(
        self, operation: NamedTuple, fds: Sequence[int] = (), progress: Callable[[int], None] | None = None
    ) -> Answer:
        name = type(operation).__name__
        self._machine.asked.append(name)
        if self._machine.dying == name:
            self._machine.dying = ""
            raise KeeperLost("The keeper died while it worked", f"It was doing “{name}”.")
        if isinstance(operation, Spawn):
            return self._spawned(operation, fds)
        handler: Handler = _HANDLERS.get(type(operation), self._mount)
        request = _Asked(0, [os.dup(fd) for fd in fds], cast("socket.socket", None))
        if progress is not None:
            loop, told = asyncio.get_running_loop(), progress  # a worker is a thread here
            request.listener = lambda value: loop.call_soon_threadsafe(told, value)
        self._settle_uppers(operation)
        try:
            mine = self._of_process(_as_mine(operation))
            reply = (
                await asyncio.to_thread(handler, mine, request)
                if isinstance(operation, _STREAMS)
                else handler(mine, request)
            )
            self._settle_uppers(operation)
        except BadInput as error:
            raise ReplyError({"kind": "input", "text": str(error)}) from error
        except OSError as error:
            raise ReplyError(describe(error)) from error
        finally:
            os.umask(self._mask)  # the keeper's functions change it for their worker's short life
            for fd in request.fds:
                os.close(fd)
        # As it would arrive.
        values = json.loads(json.dumps(reply.values if reply else None, default=os.fspath))
        return Answer(values, list(reply.fds) if reply else [])

    def _of_process(self, operation: Any) -> Any:
        """What is below a process's root is below its container's."""
        match Path(getattr(operation, "root", "/")).parts:
            case ["/", "proc", pid, "root"]:
                root = self._machine.root_of(int(pid))
                return operation if root is None else operation._replace(root=str(root))
        return operation

    # --- programs ---

    def _spawned(self, asked: Spawn, fds: Sequence[int]) -> Answer:
        if Path(asked.argv[0]).name == "fuse-overlayfs" and not self._machine.fuse_refusal:
            self._overlay(_fuse_overlay(asked), kind="fuse.fuse-overlayfs")
        process = self._machine.play(asked, dict(zip(asked.targets, fds, strict=False)))
        if "run" in asked.argv:  # a step is over by then, and the engine may look into what it wrote by itself
            for overlay in self._overlays:
                self._write_back(overlay)
        if all(each.process is not process for each in self._machine.containers.values()):
            watched = os.pidfd_open(process.pid)
            self._programs[watched] = process
            asyncio.get_running_loop().add_reader(watched, self._ended, watched)
        return Answer(list(Spawned(process.pid)), [os.pidfd_open(process.pid)])

    def _ended(self, watched: int) -> None:
        process = self._programs.pop(watched)
        asyncio.get_running_loop().remove_reader(watched)
        os.close(watched)
        self._child_ended(process.pid, process.wait())

    # --- mounts ---

    def _mount(self, operation: Any, request: Request) -> Any:
        match operation:
            case ask_mounts.Execute(plan):
                for number, (_name, step) in enumerate(plan):
                    try:
                        self._step(step)
                    except OSError as error:
                        error.step = number  # type: ignore[attr-defined]
                        raise
            case ask_trees.RemoveTrees(paths, mounted):
                for path in map(Path, paths):
                    self._unmount(path / mounted)
                    trees.remove_tree(ask_trees.RemoveTree(path), request)
                return Reply([])
            case ask_mounts.Mounts(within):
                self._machine.forget_lost_mounts()
                found = [each for each in self._machine.mounted if os.fspath(within) in each.target]
                return Reply(found)
            case ask_mounts.CreateNetns(path):
                Path(path).touch()
            case ask_bridges.MakeBridge() | ask_bridges.JoinBridge() | ask_bridges.LeaveBridge():
                pass  # nobody asks the kernel what came of it
            case ask_mounts.RemoveNetns(path):
                Path(path).unlink(missing_ok=True)
        return None

    def _step(self, step: Step) -> None:
        match step:
            case steps.Tmpfs(target=target):
                self._machine.mounted.append(Mount("/", os.fspath(target), "tmpfs"))
            case steps.Overlay():
                self._overlay(step)
            case steps.Unmount(target=target):
                self._unmount(Path(target))
            case steps.Own():
                pass  # all is one user's
            case steps.Rename(source=source, target=target):
                self._move(Path(source), Path(target))
                mounting.execute([step])
            case _:
                mounting.execute([step])

    def _overlay(self, step: steps.Overlay, kind: str = "overlay") -> None:
        """A copy of everything, the lowest first."""
        target, base = Path(step.target), Path(step.base)
        upper = base / step.upper if step.upper else None
        for layer in (*reversed(step.lower), *([step.upper] if step.upper else [])):
            shutil.copytree(base / layer, target, symlinks=True, dirs_exist_ok=True)
        self._machine.mounted.append(Mount("/", str(target), kind))
        self._overlays.append(_Overlay(target, upper, _state_of(target)))

    def _unmount(self, target: Path) -> None:
        for overlay in [each for each in self._overlays if each.target == target]:
            self._write_back(overlay)
            self._overlays.remove(overlay)
            for path in target.iterdir() if target.is_dir() else ():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self._machine.mounted = [each for each in self._machine.mounted if each.target != str(target)]

    def _move(self, source: Path, target: Path) -> None:
        """A mount goes along with the directory that it is in."""
        self._machine.mounted = [
            each._replace(target=str(target / Path(each.target).relative_to(source)))
            if Path(each.target).is_relative_to(source) else each
            for each in self._machine.mounted
        ]  # fmt: skip
        self._overlays = [each for each in self._overlays if not each.target.is_relative_to(source)]

    def _settle_uppers(self, operation: Any) -> None:
        """Who looks at what an overlay wrote, the engine by itself too, finds it written."""
        looked_at = getattr(operation, "root", getattr(operation, "path", None))
        for overlay in self._overlays:
            if looked_at is not None and Path(looked_at) in (overlay.upper, overlay.target):
                self._write_back(overlay)

    def _write_back(self, overlay: _Overlay) -> None:
        if overlay.upper is None:
            return
        now = _state_of(overlay.target)
        for name in sorted(name for name, found in now.items() if overlay.before.get(name) != found):
            source, target = overlay.target / name, overlay.upper / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_char_device():
                target.unlink()  # it was taken away before
            if source.is_dir() and not source.is_symlink():
                target.mkdir(exist_ok=True)
                shutil.copystat(source, target)
            else:
                shutil.copy2(source, target, follow_symlinks=False)
        for name in sorted(overlay.before.keys() - now.keys()):
            if os.path.dirname(name) in now or not os.path.dirname(name):
                target = overlay.upper / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(target) if target.is_dir() and not target.is_symlink() else target.unlink(missing_ok=True)
                os.mknod(target, stat.S_IFCHR, 0)
        overlay.before = now


class _Asked(Request):
    """A request whose progress is told to whoever asked."""

    listener: Callable[[int], object] | None = None

    def progress(self, value: int) -> None:
        if self.listener is not None:
            self.listener(value)


def _state_of(tree: Path) -> dict[str, tuple[int, ...]]:
    found = {}
    for path, entry in trees.walk(str(tree)):
        own = () if stat.S_ISDIR(entry.st_mode) else (entry.st_size, entry.st_mtime_ns, entry.st_ino)
        found[os.path.relpath(path, tree)] = (entry.st_mode, *own)
    return found


def _as_mine(operation: Any) -> Any:
    """Owners are nobody's but ours."""
    if isinstance(operation, ask_files.MakeDirectory | ask_files.WriteFile | ask_trees.Unpack):
        layer = isinstance(operation, ask_trees.Unpack) and operation.layer
        return operation if layer else operation._replace(owner=(os.getuid(), os.getgid()))
    return operation
