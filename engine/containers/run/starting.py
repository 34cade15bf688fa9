"""Bringing a container up: root file system, network, configuration, conmon, start. The slow parts run side by side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from engine.containers.known.record import Run, member_of
from engine.containers.run.conmon_call import conmon_call
from engine.containers.run.faults import typed
from engine.containers.run.killing import kill_group
from engine.containers.run.links import Links
from engine.containers.run.namespaces import Joined, joined_namespaces
from engine.containers.run.new_owners import give
from engine.containers.run.planning import Planner, image_place
from engine.containers.run.restart_file import write_restart_file
from engine.containers.spec.runtime_spec import runtime_spec
from engine.errors import Code, RuntimeFailure, StorageError, disk_refuses
from engine.networks.host.ports import PortClaims, as_picked
from engine.operations.behind import Behind
from engine.operations.together import both
from engine.processes import conmon, crun
from engine.processes.programs import runtime_environment
from engine.recipe.networks import is_shared, pod_of
from engine.sandbox.keeper.asked.steps import ContainerMarks, MakeDirectory
from engine.state.trial import refusal_of
from engine.storage.flushing import flush_names
from engine.types.containers import Exit, StartTiming, State
from engine.types.data import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.cgroups.group import ContainerCgroup
    from engine.cgroups.limits import LimitPlan
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.early_attach import EarlyAttachments
    from engine.containers.run.pod_place import Pods
    from engine.containers.run.runtime import Runtime
    from engine.containers.watch.exit_watch import ExitWatch
    from engine.networks.network_service import NetworkService
    from engine.types.containers import PortMapping

_SYNC_SECONDS = 60.0
CONFIG = "config.json"


class Stopwatch:
    """Where the milliseconds of one start go. Steps that run side by side overlap; each tells begin and length."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._steps: list[tuple[str, float]] = []
        self._begun: list[float] = []

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        if self._first is None:
            self._first = begun
        try:
            yield
        finally:
            self._steps.append((name, round((time.perf_counter() - begun) * 1000, 2)))
            self._begun.append(round((begun - self._first) * 1000, 2))

    def timing(self) -> StartTiming:
        return StartTiming(steps=tuple(self._steps), begun=tuple(self._begun))


class Starter:
    """Starts one container at a time per entry; the caller holds the entry's lock."""

    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        files: ContainerFiles,
        networks: NetworkService,
        pods: Pods,
        early: EarlyAttachments,
        *,
        watch: ExitWatch,
        port_names: Callable[[int], str],
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks
        self._pods = pods
        self._early = early
        self._watch = watch
        self._port_names = port_names
        self._planner = Planner(book, runtime, files, networks)
        self.behind = Behind()
        """Control groups that are being taken away."""
        self._claims = PortClaims()

    async def start(self, entry: Entry, action: str = "start") -> None:
        """Up to “the process runs”, or everything taken back and a typed error."""
        before = entry.record
        book = self._book
        if action == "start":  # by its policy it goes on to be one that restarts
            book.show(entry, before.with_container(state=State.STARTING))
        clock = Stopwatch()
        try:
            await self._bring_up(entry, clock, action)
        except BaseException as error:
            self._early.give_up(entry.id)
            disk = await asyncio.shield(self._taken_back(entry.record, error))
            failed = before.changed(run=Run())
            if isinstance(error, RuntimeFailure):
                failed = _with_failure(failed, error)
            # Written in any case: the row may say by now that it runs.
            await asyncio.shield(book.save_when_it_fits(entry, failed))
            if isinstance(error, OSError):
                raise typed(error, doing="started") from error
            if disk is not None:
                raise disk from error
            raise

    async def _taken_back(self, record: Record, error: BaseException) -> StorageError | None:
        """What was made goes. Gives what the disk refuses, where the runtime could not do something for want of one: it
        tells that in many words or none. Asked first, for what is taken away gives room."""
        refused = 0
        if isinstance(error, RuntimeFailure) and error.code is Code.RUNTIME:
            refused = await asyncio.to_thread(refusal_of, self._runtime.paths.staging)
        await self.take_down(record)
        return disk_refuses(refused, "The container could not be started.", details=str(error))

    async def _bring_up(self, entry: Entry, clock: Stopwatch, action: str) -> None:
        record, runtime = entry.record, self._runtime
        if pod := pod_of(record.container.spec.network):
            await self._pods.ready(pod)
        joined = joined_namespaces(record, self._book, self._networks, self._pods)
        with self._settled_ports(record) as ports:
            self._clear_traces(record)
            Links(self._book, self._networks).check_running(record)
            await self._networks.reserve(member_of(record))
            namespace = asyncio.Event()
            pasta_pid, (pid, conmon_pid, unenforced) = await both(
                self._network(record, joined, ports, namespace, clock), self._create(record, joined, namespace, clock)
            )
        group = runtime.cgroup(record)
        run = Run(
            boot=runtime.boot,
            pid=pid,
            conmon_pid=conmon_pid,
            pasta_pid=pasta_pid,
            cgroups={key: str(path) for key, path in group.directories.items()},
            oom_kills=group.oom_kills(),
        )
        write_restart_file(runtime, record)
        if not self._watch.watch(record.id, conmon_pid):
            raise RuntimeFailure(
                "The container was not started", "The process that looks after it (conmon) was killed on the way.",
                hint="Start it again.",
            )  # fmt: skip
        await self._early.connect(record.id)
        record = record.changed(run=run, stop_wanted=False).with_container(
            state=State.RUNNING,
            started=now(),
            pid=pid,
            ports=ports,
            ip_address=self._planner.address(record, joined),
            unenforced=unenforced,
            offline=self._networks.attachments.is_offline(record.id),
            cgroup=str(group.main_directory or ""),
            driver=record.container.driver or self._files.rootfs.default.name,
            timing=clock.timing(),
            exit=None if action == "start" else record.container.exit,
        )
        # Side by side too: an engine that finds the row but a process that was never let go undoes the start.
        await both(self._run_start(record, clock), self._book.write(record))
        # conmon was born in the container's groups so that all of the container is; it does not belong to it.
        leaving = asyncio.get_running_loop().run_in_executor(None, runtime.cgroups.supervise, conmon_pid)
        entry.lock.finish_later(leaving)
        for mount in record.container.mounts:
            if mount.kind == "volume":
                access = "false" if mount.read_only else "true"
                facts = {"destination": mount.target, "propagation": "", "read/write": access}
                self._files.volumes.announce(mount.source, "mount", record.id, **facts)
        self._networks.tell_joined(member_of(record))
        self._book.show(entry, record.with_container(started=now(), timing=clock.timing()), "start")
        await self._early.connect(record.id)  # who came during the last step

    # --- the parts ---

    @contextlib.contextmanager
    def _settled_ports(self, record: Record) -> Iterator[tuple[PortMapping, ...]]:
        network = record.container.spec.network
        if pod := pod_of(network):  # they are the pod's, and shown with each of its containers
            yield self._pods.find(pod).ports
            return
        if network in ("none", "host") or is_shared(network):
            yield ()
            return
        wanted = record.container.spec.ports
        kept = as_picked(wanted, record.container.ports)
        already = record.container.ports if self._networks.attachments.running(record.id) else ()
        with contextlib.ExitStack() as stack:
            try:
                ports = stack.enter_context(self._claims.settled(kept, already=already, named=self._port_names))
            except Exception:
                if kept == wanted:
                    raise
                ports = stack.enter_context(self._claims.settled(wanted, already=already, named=self._port_names))
            yield ports

    def _clear_traces(self, record: Record) -> None:
        """What an earlier run left where this one will write."""
        paths = self._runtime.paths
        run = paths.container_run(record.id)
        if run.is_dir():
            for name in ("pid", "conmon.pid", "ctl", "attach", "winsz"):
                (run / name).unlink(missing_ok=True)
        shutil.rmtree(paths.crun_root / record.id, ignore_errors=True)
        self._watch.clear(record.id)

    async def _mount(self, record: Record) -> None:
        """The root, and the directories of this run: one request, which the keeper takes before any about the network
        that needs them."""
        paths = self._runtime.paths
        directories = [
            MakeDirectory(path=each, mode=0o2700)  # what root writes here for the namespace is its group's
            for each in (paths.container_run(record.id), paths.logs(record.id))
            if not each.is_dir()
        ]
        runtime_driver = self._files.root_driver(record.container.spec, record.image_config)
        marks = [ContainerMarks(root=paths.rootfs(record.id))]
        await self._files.rootfs.mount(
            record.id, record.layers, driver=runtime_driver, also=directories, at_first=marks
        )

    async def _make_group(self, record: Record) -> LimitPlan:
        """In a thread, beside the mount: some twenty small files. The thread is done when this is, cancelled or not."""
        making = asyncio.get_running_loop().run_in_executor(None, self._fill_group, record)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            await asyncio.wait([making])
            raise

    def _fill_group(self, record: Record) -> LimitPlan:
        group = self._runtime.cgroup(record)
        group.create()
        return group.apply(record.container.spec.resources)

    async def _make_namespace(self, record: Record, joined: Joined) -> None:
        """A new one, unless the last run left its own behind for this one, with a living way out."""
        if not joined.makes_network:
            return
        attachments = self._networks.attachments
        if attachments.namespace(record.id).exists():
            if attachments.running(record.id):
                return
            await attachments.remove(record.id)
        await attachments.create(record.id)

    async def _network(
        self, record: Record, joined: Joined, ports: tuple[PortMapping, ...], namespace: asyncio.Event, clock: Stopwatch
    ) -> int:
        """The namespace, then the way out; 0 where there is none of our own."""
        with clock.step("network namespace"):
            await self._make_namespace(record, joined)
        namespace.set()
        if not joined.makes_network or record.container.spec.network == "none":
            return 0
        with clock.step("network"):
            networks = self._networks
            if running := networks.attachments.adopt(record.id):
                if ports == record.container.ports:
                    return running
                await networks.attachments.disconnect(record.id)
            return await networks.attach(member_of(record), ports)

    async def _create(
        self, record: Record, joined: Joined, namespace: asyncio.Event, clock: Stopwatch
    ) -> tuple[int, int, tuple[str, ...]]:
        """Mount, configure and have conmon create it: the process exists and waits."""
        runtime = self._runtime
        limits, uncompiled = await both(self._make_group(record), self._mount_and_configure(record, joined, clock))
        await namespace.wait()
        with clock.step("create"):
            (pid, conmon_pid), _ = await both(self._run_conmon(record), self._names_on_disk(record))
            if uncompiled:
                runtime.filters.remember(uncompiled, runtime.paths.crun_root / record.id)
        return pid, conmon_pid, limits.unenforced

    async def _names_on_disk(self, record: Record) -> None:
        """Of a container that starts for the first time: its row will say that it has files."""
        if record.container.started is None:
            paths = self._runtime.paths
            await asyncio.to_thread(flush_names, paths.container(record.id), paths.containers)

    async def _mount_and_configure(self, record: Record, joined: Joined, clock: Stopwatch) -> str:
        with clock.step("mount"):
            await self._mount(record)
        with clock.step("configure"):
            return await self._configure(record, joined)

    async def _configure(self, record: Record, joined: Joined) -> str:
        """Write config.json; gives the key of a seccomp filter that crun will have to compile."""
        plan = await self._planner.plan(record, joined)
        given = [mount.new_owner for mount in plan.mounts if mount.new_owner is not None]
        await give(self._runtime.keeper, given, self._runtime.paths.container(record.id))
        document = runtime_spec(plan)
        uncompiled = self._runtime.filters.apply(document)
        config = self._runtime.paths.container_run(record.id) / CONFIG
        config.write_bytes(msgspec.json.encode(document))
        return uncompiled

    def has_hosts(self, container_id: str) -> bool:
        """Whether its files of names are there already, before it runs."""
        return (self._runtime.paths.container_run(container_id) / "hosts").exists()

    def rewrite_hosts(self, record: Record) -> None:
        if pod := pod_of(record.container.spec.network):
            self._pods.rewrite(pod)
            return
        self._planner.write_etc_files(record, joined_namespaces(record, self._book, self._networks, self._pods))

    async def _run_conmon(self, record: Record) -> tuple[int, int]:
        runtime = self._runtime
        call = conmon_call(runtime, record)
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            child = await runtime.keeper.spawn(
                call.argv(),
                env=runtime_environment() | {"_OCI_SYNCPIPE": str(conmon.SYNC_FD)},
                cwd=call.bundle,
                pass_fds={conmon.SYNC_FD: write_end},
                cgroup_dirs=runtime.cgroup(record).join_directories(),
            )
            os.close(write_end)
            write_end = -1
            call.pid_file.write_text(str(child.pid))
            created = conmon.parse_sync(await read_line(read_end, _SYNC_SECONDS))
        finally:
            os.close(read_end)
            if write_end >= 0:
                os.close(write_end)
        pid = child.pid
        child.close()
        if created.failed:
            sources = {mount.target: mount.source for mount in record.container.spec.mounts}
            raise crun.create_failure(created.message, record.container.command_line[0], sources)
        return host_pid(call.container_pid_file, created.pid), pid

    async def _run_start(self, record: Record, clock: Stopwatch) -> None:
        with clock.step("start"):
            if self._runtime.crun.let_go(record.id):
                return
            done = await self._runtime.keeper.run(self._runtime.crun.start(record.id), env=runtime_environment())
        if done.code != 0:
            raise crun.start_failure(done.stderr.decode(errors="replace"), record.container.command_line[0])

    async def take_down(
        self, record: Record, *, keep_network: bool = False, keep_root: bool = False, for_good: bool = False
    ) -> None:
        """Everything of a run away again, whatever of it there is. Never fails for what is gone already. `for_good`
        when the container is removed: its mount goes with its directory, and nobody waits for its namespace."""
        runtime = self._runtime
        self._watch.forget(record.id)
        group = runtime.cgroup(record)
        if group.processes():
            await kill_group(runtime.keeper, runtime.cgroup(record))
        elif not group.directories and (runtime.paths.crun_root / record.id).exists():
            # Without control groups only the runtime knows what to kill.
            await runtime.keeper.run(runtime.crun.delete(record.id), env=runtime_environment())
        if for_good:
            self.behind.begin(record.id, partial(asyncio.to_thread, self._clear, record.id, group))
        else:
            self._clear(record.id, group)
        ran = record.run.pid > 0
        if not keep_network:
            if ran:
                self._networks.tell_left(member_of(record))
            await self._networks.detach(member_of(record), behind=for_good)
        if not keep_root:
            if not for_good:
                await self._files.roots.unmount(record.id)
            for target in record.mounted_images:
                await self._files.rootfs.unmount_image(record.id, image_place(record, target))
            names = [mount.source for mount in record.container.mounts if mount.kind == "volume"]
            for name in names if ran else ():
                self._files.volumes.announce(name, "unmount", record.id)
            await self._files.volumes.let_go(names, self._book.live_volume_users(besides=record.id) if names else {})

    def _clear(self, container_id: str, group: ContainerCgroup) -> None:
        shutil.rmtree(self._runtime.paths.crun_root / container_id, ignore_errors=True)
        # Also where another run follows: the kernel lets no process be born in a group that was killed before.
        group.remove()


def host_pid(pid_file: Path, reported: int) -> int:
    """conmon runs in the host's pid namespace, so its file and its report agree; the file survives an engine."""
    with contextlib.suppress(OSError, ValueError):
        return int(pid_file.read_text())
    return reported


async def read_line(fd: int, seconds: float) -> bytes:
    """What a pipe gives up to its first newline or its end."""
    loop = asyncio.get_running_loop()
    os.set_blocking(fd, False)
    data = b""
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        async with asyncio.timeout(seconds):
            while b"\n" not in data:
                await ready.wait()
                ready.clear()
                with contextlib.suppress(BlockingIOError):
                    piece = os.read(fd, 65536)
                    if not piece:
                        break
                    data += piece
    except TimeoutError:
        raise RuntimeFailure("The container was not created in time", "conmon gave no answer.") from None
    finally:
        loop.remove_reader(fd)
    return data


def _with_failure(record: Record, error: RuntimeFailure) -> Record:
    """Docker keeps a container that could not start, with the reason and the code 125, 126 or 127."""
    return record.with_container(
        state=State.CREATED if record.container.started is None else State.EXITED,
        exit=Exit(code=error.exit_code, ended=now(), error=str(error)),
        pid=0,
    )
