"""The keeper's loop: take requests, do the short ones, fork for the long ones, report what ended."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from engine.sandbox.keeper import kernel, mounting, namespaces, spawning, wire
from engine.sandbox.keeper.asked.bridges import JoinBridge
from engine.sandbox.keeper.asked.mounts import CreateNetns, Execute, Mounts, RemoveNetns
from engine.sandbox.keeper.asked.programs import Close, Spawn, Spawned
from engine.sandbox.keeper.asked.setup import Entered, Refused, Setup
from engine.sandbox.keeper.networking import networks
from engine.sandbox.keeper.networking.plugs import Plugs
from engine.sandbox.keeper.requests import Reply, Request, answer, describe, failure

if TYPE_CHECKING:
    from engine.sandbox.keeper.requests import Handler


def main(fd: int) -> None:
    """Never returns."""
    channel = socket.socket(fileno=fd)
    channel.set_inheritable(False)
    os.umask(0o022)
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    received = wire.receive(channel)
    if received is None:
        sys.exit(1)
    setup = Setup(*received[0]["setup"])
    if setup.host_root:
        # The namespaces of an earlier keeper may not show where this program is: have all of it before entering.
        for module in ("asked.trees", "asked.files", "asked.bridges", *(module for module, _ in _LONG.values())):
            importlib.import_module(f"engine.sandbox.keeper.{module}")
    try:
        entered = namespaces.enter(setup)
    except namespaces.SetupError as error:
        wire.send(channel, {"refused": Refused(error.stage, error.text, error.number)})
        sys.exit(1)
    except OSError as error:
        wire.send(channel, {"refused": Refused("directories", str(error), error.errno or 0)})
        sys.exit(1)
    spawning.use_limits(*setup.open_files)
    with contextlib.suppress(OSError):
        # One for all that runs here, and not the user's. A key ring for each container would be one of two hundred.
        kernel.join_new_keyring()
    # Nothing made here is for others; what belongs to a tree of a container is given its mode where it is made.
    os.umask(0o077)
    Server(channel, setup, entered).serve()
    os._exit(0)


_NOBODYS = -1
"""The number of a request that nobody made."""


class Server:
    def __init__(self, channel: socket.socket, setup: Setup, entered: namespaces.Namespaces) -> None:
        self._channel = channel
        self._setup = setup
        self._entered = entered
        self._workers: dict[int, int] = {}
        """pid → the number of the request it works on."""
        self._begun: dict[int, tuple[Request, spawning.Begun]] = {}
        """By the report to be read: who is on the way to a program, and for whom."""
        self._failed: set[int] = set()
        """Children that never became a program: their end is no news."""
        self._poll = select.poll()
        self._wake = -1
        self._plugs = Plugs()
        self._spare = networks.Spare(self._plugs)

    def serve(self) -> None:
        """Until the engine is gone, or says that it goes."""
        wake_read, wake_write = os.pipe()
        for fd in (wake_read, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.begin(wake_read)
        while self.turn(self._spare.patience):
            pass

    def begin(self, wake: int) -> None:
        """The first words. `wake` can be read when a child has ended."""
        self._wake = wake
        wire.send(self._channel, {"entered": self._words()})
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(wake, select.POLLIN)

    def turn(self, patience: int | None) -> bool:
        """What can be done by then, in milliseconds; False when there is nobody to do it for."""
        ready = self._poll.poll(patience)
        if not ready and self._spare.patience is not None:
            self._make_spare()
        for fd, _event in ready:
            if fd == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(fd, 4096)
                self._reap()
                break  # it may have answered for others of these
            if fd in self._begun:
                self._arrived(fd)
            elif fd != self._channel.fileno():
                self._poll.unregister(fd)
                self._spare.collect()
            elif not self._take():
                return False
        return True

    def _words(self) -> Entered:
        entered = self._entered
        return Entered(os.getpid(), entered.joined, entered.pin, entered.hybrid_cgroups)

    def _take(self) -> bool:
        """Handle one frame; False once the engine is gone, or goes (workers then die with us by PDEATHSIG)."""
        received = wire.receive(self._channel)
        if received is None:
            return False
        message, fds = received
        if "error" in message:  # it came without its descriptors
            wire.send(self._channel, message)
            return True
        if "cancel" in message:
            self._cancel(message["cancel"])
            return True
        request = Request(message["id"], fds, self._channel, is_repeated=message["repeated"])
        operation = _operation(message["op"], message["with"])
        try:
            if isinstance(operation, Close):
                self._close(request)
                return False
            self._dispatch(request, message["op"], operation)
        except BrokenPipeError:
            return False
        finally:
            wire.close_all(fds)
        return True

    def _dispatch(self, request: Request, op: str, operation: Any) -> None:
        if isinstance(operation, Spawn):
            self._spawn(request, operation)
        elif isinstance(operation, CreateNetns):
            self._create_netns(request, operation)
        elif isinstance(operation, RemoveNetns):
            self._plugs.forget(operation.path)
            answer(request, operation, networks.remove)
        elif isinstance(operation, JoinBridge) and self._plugs.can(operation) and not request.is_repeated:
            answer(request, operation, self._plugs.join)
        elif (short := _SHORT.get(type(operation))) is not None:
            answer(request, operation, short)
        elif op in _LONG:
            # Imported here, once, so that the forked workers find it ready.
            module, function = _LONG[op]
            handler: Handler = getattr(importlib.import_module(f"engine.sandbox.keeper.{module}"), function)
            self._fork(request, operation, handler)
        else:
            wire.send(self._channel, {"id": request.number, "error": {"kind": "bug", "text": f"unknown op {op!r}"}})

    def _create_netns(self, request: Request, asked: CreateNetns) -> None:
        try:
            if request.is_repeated:
                networks.remove(RemoveNetns(asked.path), request)
            used = self._spare.use(asked.path)
        except OSError as error:
            wire.send(self._channel, {"id": request.number, "error": describe(error)})
            return
        if used:
            wire.send(self._channel, {"id": request.number, "ok": None})
        else:
            self._fork(request, asked, networks.create)

    def _spawn(self, request: Request, asked: Spawn) -> None:
        """Not waited for: a child in a frozen group comes no further until that is let go, and others have work."""
        try:
            begun = spawning.begin(asked, request.fds)
        except Exception as error:
            wire.send(self._channel, {"id": request.number, **failure(error)})
            return
        self._begun[begun.report] = (request, begun)
        self._poll.register(begun.report, select.POLLIN)

    def _arrived(self, report: int) -> None:
        self._poll.unregister(report)
        request, begun = self._begun.pop(report)
        message: dict[str, Any] = {"ok": Spawned(begun.pid)}
        fds = [begun.pidfd]
        try:
            begun.must_run()
        except Exception as error:
            self._failed.add(begun.pid)
            message, fds = failure(error), []
        with contextlib.suppress(BrokenPipeError):
            wire.send(self._channel, {"id": request.number, **message}, fds)
        begun.close()

    def _make_spare(self) -> None:
        theirs, missing = self._spare.expect()
        assert self._spare.awaited is not None
        self._poll.register(self._spare.awaited, select.POLLIN)
        # Nobody waits for an answer to it: what came of it is read from the socket, if only its end.
        self._fork(Request(_NOBODYS, [], theirs), missing, networks.hand_over)
        theirs.close()

    def _fork(self, request: Request, operation: Any, handler: Handler) -> None:
        keeper = os.getpid()
        pid = os.fork()
        if pid:
            self._workers[pid] = request.number
            return
        status = 1
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            # A worker ends soon and keeps what it makes until then: looking for cycles is time lost.
            gc.disable()
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if os.getppid() == keeper:
                answer(request, operation, handler)
                status = 0
        finally:
            os._exit(status)

    def _cancel(self, cancelled: int) -> None:
        for pid, number in self._workers.items():
            if number == cancelled:
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            for report in [report for report, (_, begun) in self._begun.items() if begun.pid == pid]:
                self._arrived(report)
            if pid in self._failed:
                self._failed.discard(pid)
                continue
            number = self._workers.pop(pid, None)
            if pid == self._entered.pin:
                # With no room to write a new one down, we ourselves keep the namespaces.
                with contextlib.suppress(OSError):
                    namespaces.renew_pin(self._setup, self._entered)
            elif number is None:
                wire.send(self._channel, {"event": "exit", "pid": pid, "status": code})
            elif code != 0 and number != _NOBODYS:
                error = {"kind": "worker", "text": f"the worker ended with {code}"}
                wire.send(self._channel, {"id": number, "error": error})

    def _close(self, request: Request) -> None:
        """The engine goes. Namespaces in which nothing of ours is mounted and nobody else lives go too."""
        ours = tuple(self._setup.own_mounts)
        mounted = any(each.target.startswith(ours) for each in mounting.mounts())
        if not mounted:
            namespaces.release(self._setup, self._entered)
        wire.send(self._channel, {"id": request.number, "ok": None})


def _operation(op: str, values: list[Any]) -> tuple[Any, ...]:
    """What is asked, as both ends know it."""
    subject, _, name = op.partition(".")
    made: tuple[Any, ...] = getattr(importlib.import_module(f"engine.sandbox.keeper.asked.{subject}"), name)(*values)
    return made


# --- the short ones ---


def _execute(asked: Execute, request: Request) -> None:
    mounting.execute(mounting.travelled(asked.plan), repeated=request.is_repeated)


def _mounts(asked: Mounts, _request: Request) -> Reply:
    return Reply(mounting.mounts(os.fspath(asked.within)))


_SHORT: dict[type, Handler] = {Execute: _execute, Mounts: _mounts}

_LONG = {
    "bridges.MakeBridge": ("networking.bridging", "make_bridge"),
    "bridges.JoinBridge": ("networking.bridging", "join"),
    "bridges.LeaveBridge": ("networking.bridging", "leave"),
    "mounts.CreateShared": ("networking.shared", "create"),
    "trees.Unpack": ("layers.unpacking", "unpack"),
    "trees.Pack": ("layers.packing", "pack"),
    "trees.CopyTree": ("disk.trees", "copy_tree"),
    "trees.RemoveTree": ("disk.trees", "remove_tree"),
    "trees.RemoveTrees": ("disk.trees", "remove_trees"),
    "trees.MeasureTree": ("disk.trees", "tree_size"),
    "trees.Sync": ("layers.verifying", "sync"),
    "trees.VerifyLayer": ("layers.verifying", "verify_layer"),
    "files.ListDirectory": ("disk.files", "list_directory"),
    "files.Stat": ("disk.files", "stat_entry"),
    "files.OpenFile": ("disk.files", "open_file"),
    "files.WriteFile": ("disk.files", "write_file"),
    "files.Rename": ("disk.files", "rename"),
    "files.MakeDirectory": ("disk.files", "make_directory"),
    "files.Remove": ("disk.files", "remove"),
    "files.RealPath": ("disk.files", "real_path"),
    "files.MissingPlaces": ("disk.files", "missing_places"),
    "files.RemoveUnused": ("disk.files", "remove_unused"),
    "mounts.OpenSockets": ("networking.networks", "open_sockets"),
}
"""Work that may take long, or that touches file systems which may hang: (module, function)."""
