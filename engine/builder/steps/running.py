"""RUN: one command on a scratch root, in the same kind of sandbox a container has, its output line by line.

There is no conmon here: a step lives and dies with its build, so the runtime's own pipes are enough and a step costs
some 20 ms less.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from engine.builder.caching.cache import step_key
from engine.builder.steps.commands import check_lengths, command_of
from engine.builder.steps.directories import is_directory
from engine.builder.steps.mounting import MountedFor, created_by_mounts
from engine.builder.steps.stages import DEFAULT_PATH, StageState
from engine.builder.steps.transfer import read_text
from engine.containers.run.killing import kill_group
from engine.containers.run.runtime import architecture
from engine.containers.spec import etc_files
from engine.containers.spec.plan import SpecPlan
from engine.containers.spec.runtime_spec import runtime_spec
from engine.containers.spec.users import ContainerUser, find_user
from engine.errors import Code, RuntimeFailure
from engine.networks.host import resolvers
from engine.processes.programs import runtime_environment
from engine.sandbox.keeper.asked.steps import MakeDirectory
from engine.types.containers import ContainerSpec, Resources, Security

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from engine.builder.language.types import Run
    from engine.builder.planning.variables import Variables
    from engine.builder.steps.step import ScratchRoot
    from engine.cgroups.group import ContainerCgroup
    from engine.cgroups.tree import CgroupTree
    from engine.containers.run.seccomp_filters import CompiledFilters
    from engine.processes import crun
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.containers import Ulimit

_LONGEST_LINE = 64 * 1024
_LOOK_SECONDS = 0.002
_LONGEST_HISTORY = 16 * 1024


@dataclass(frozen=True)
class RunTools:
    """What running a command takes."""

    paths: Paths
    keeper: Keeper
    cgroups: CgroupTree
    crun: crun.Crun
    filters: CompiledFilters


@dataclass(frozen=True)
class RunBounds:
    """What a build is given for its commands. It is no part of what they make, so it is in no key."""

    shm_size: int = 0
    ulimits: tuple[Ulimit, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        return {"ulimits": self.ulimits} | ({"shm_size": self.shm_size} if self.shm_size else {})


class MountProvider(Protocol):
    """Gives what `--mount` asks for, for the time of one step."""

    async def fingerprint(self) -> Any: ...
    def mounted(self, user: ContainerUser) -> AbstractAsyncContextManager[MountedFor]: ...


class NetworkProvider(Protocol):
    async def namespace(self) -> Path:
        """The build's own network namespace, made on first use."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunStep:
    tools: RunTools
    command: tuple[str, ...]
    files: Mapping[str, str]
    """Path in the container to the text of a script that a here-document brought."""
    environment: Mapping[str, str]
    proxies: Mapping[str, str]
    network: Literal["default", "none", "host"]
    network_provider: NetworkProvider
    privileged: bool
    mounts: MountProvider
    extra_hosts: tuple[str, ...]
    bounds: RunBounds
    say: Callable[[str, Literal["stdout", "stderr"]], None]
    key: str
    created_by: str

    async def perform(self, root: ScratchRoot, state: StageState) -> str | None:
        """Run it; anything but exit code 0 is a `RuntimeFailure` with that code."""
        user = await self._user(root.path, state)
        run_id = secrets.token_hex(32)
        directory = self.tools.paths.container_run(run_id)
        await self.tools.keeper.execute([MakeDirectory(path=directory, mode=0o2700)])
        await self._make_volumes(root, state)
        try:
            async with self.mounts.mounted(user) as mounted:
                plan = await self._plan(run_id, root, state, user, mounted, directory)
                async with created_by_mounts(self.tools.keeper, root, _targets(plan)):
                    document = runtime_spec(plan)
                    uncompiled = self.tools.filters.apply(document)
                    (directory / "config.json").write_bytes(msgspec.json.encode(document))
                    code = await self._run_in_group(run_id, directory, uncompiled)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        if code != 0:
            raise RuntimeFailure(
                f"The step ended with exit code {code}",
                self.created_by,
                code=Code.BUILD_STEP_FAILED,
                docker=f"The command '{self.created_by.removeprefix('RUN ')}' returned a non-zero code: {code}",
                exit_code=code if 0 < code < 256 else 125,
            )
        return None

    async def _make_volumes(self, root: ScratchRoot, state: StageState) -> None:
        """In a container each would be there, if only as an empty directory."""
        for path in state.config.volumes:
            if not await is_directory(self.tools.keeper, root.path, path):
                with contextlib.suppress(OSError):  # a file is in the way: the command will say what it makes of that
                    await self.tools.keeper.make_directory(root.path, path, parents=True, owner=(0, 0))

    async def _user(self, root: Path, state: StageState) -> ContainerUser:
        wanted = state.config.user
        passwd = await read_text(self.tools.keeper, root, "/etc/passwd")
        group = await read_text(self.tools.keeper, root, "/etc/group") if wanted else ""
        return find_user(wanted, passwd, group)

    async def _plan(
        self,
        run_id: str,
        root: ScratchRoot,
        state: StageState,
        user: ContainerUser,
        mounted: MountedFor,
        directory: Path,
    ) -> SpecPlan:
        tools = self.tools
        environment = {"PATH": DEFAULT_PATH, "HOME": user.home, **self.proxies, **self.environment}
        namespace = {"default": "", "none": "", "host": "host"}[self.network]
        if self.network == "default":
            namespace = str(await self.network_provider.namespace())
        return SpecPlan(
            container_id=run_id,
            spec=ContainerSpec(
                image="",
                security=Security(privileged=self.privileged),
                network=self.network,
                **self.bounds.fields,
            ),
            command_line=self.command,
            env=environment | mounted.environment,
            workdir=state.config.workdir or "/",
            user=user,
            hostname="buildstep",
            rootfs=str(root.path),
            mounts=tuple(mounted.mounts),
            etc_files=self._write_files(directory),
            architecture=architecture(),
            single_id=tools.keeper.ids.single_id,
            cgroup_v2=tools.cgroups.shows_v2(hybrid_view=tools.keeper.hybrid_cgroups),
            network=namespace,
            own_network=self.network != "host",
            id_count=sum(each.count for each in tools.keeper.ids.uids),
        )

    def _write_files(self, directory: Path) -> dict[str, str]:
        texts = {
            "/etc/hosts": etc_files.hosts("buildstep", (), extra=self.extra_hosts, host_gateway="127.0.0.1"),
            "/etc/resolv.conf": etc_files.resolv_conf(resolvers.host_text(), forwarded=self.network == "default"),
            **self.files,
        }
        written: dict[str, str] = {}
        for number, (target, text) in enumerate(texts.items()):
            path = directory / f"file-{number}"
            path.write_text(text, errors="surrogateescape")
            path.chmod(0o755 if target in self.files else 0o644)
            written[target] = str(path)
        return written

    async def _run_in_group(self, run_id: str, directory: Path, uncompiled: str) -> int:
        """Whatever it left running goes with its group."""
        group = self.tools.cgroups.group(run_id)
        group.create()
        group.apply(Resources())  # as every container's: processes without end are no build
        try:
            return await self._run(run_id, directory, group, uncompiled)
        finally:
            await kill_group(self.tools.keeper, group)
            group.remove()

    async def _run(self, run_id: str, directory: Path, group: ContainerCgroup, uncompiled: str) -> int:
        argv = [*self.tools.crun.command, "run", "--no-new-keyring", "--bundle", str(directory), run_id]
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        error_read, error_write = os.pipe2(os.O_CLOEXEC)
        try:
            child = await self.tools.keeper.spawn(
                argv,
                env=runtime_environment(),
                stdout=out_write,
                stderr=error_write,
                cgroup_dirs=group.join_directories(),
            )
        except BaseException:
            os.close(out_read)
            os.close(error_read)
            raise
        finally:
            os.close(out_write)
            os.close(error_write)
        remembering = asyncio.create_task(self._remember(uncompiled, run_id))
        readers = asyncio.gather(
            read_lines(out_read, lambda line: self.say(line, "stdout")),
            read_lines(error_read, lambda line: self.say(line, "stderr")),
        )
        try:
            code = await child.wait()
            await readers
        except BaseException:
            await asyncio.shield(self._stop(run_id, group))
            raise
        finally:
            readers.cancel()
            remembering.cancel()
            await asyncio.gather(readers, remembering, return_exceptions=True)
            child.close()
        return code

    async def _remember(self, uncompiled: str, run_id: str) -> None:
        """Keep the filter that crun compiles for the next step, while crun has it: with its notes it is whole. A step
        that was over too soon leaves it to the next."""
        state = self.tools.paths.crun_root / run_id
        while uncompiled and not (state / "status").exists():  # noqa: ASYNC110 - crun tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        if uncompiled:
            self.tools.filters.remember(uncompiled, state)

    async def _stop(self, run_id: str, group: ContainerCgroup) -> None:
        await self.tools.keeper.run(self.tools.crun.delete(run_id), env=runtime_environment())
        await kill_group(self.tools.keeper, group)


def _targets(plan: SpecPlan) -> list[str]:
    own = ("/proc", "/sys", "/dev", *plan.etc_files)
    return [*own, *(mount.target for mount in plan.mounts)]


async def prepare_run(
    instruction: Run,
    state: StageState,
    variables: Variables,
    *,
    tools: RunTools,
    mounts: MountProvider,
    network_provider: NetworkProvider,
    network: str,
    extra_hosts: tuple[str, ...],
    bounds: RunBounds,
    say: Callable[[str, Literal["stdout", "stderr"]], None],
) -> RunStep:
    command, files = command_of(instruction, state)
    environment = variables.run_environment()
    check_lengths(instruction, command, environment)
    chosen: Any = instruction.network if instruction.network != "default" or network in ("", "pasta") else network
    arguments = {name: value for name, value in variables.arguments.items() if name not in variables.environment}
    said = (
        [f"|{len(arguments)}", *(f"{name}={value}" for name, value in sorted(arguments.items()))] if arguments else []
    )
    identity = [command, files, environment, state.config.workdir, state.config.user, chosen, instruction.security]
    return RunStep(
        tools=tools,
        command=command,
        files=files,
        environment=environment,
        proxies=variables.proxies(),
        network=chosen,
        network_provider=network_provider,
        privileged=instruction.security == "insecure",
        mounts=mounts,
        extra_hosts=extra_hosts,
        bounds=bounds,
        say=say,
        key=step_key("run", state.layers, identity, await mounts.fingerprint(), extra_hosts),
        created_by=" ".join(["RUN", *said, *command])[:_LONGEST_HISTORY],
    )


async def read_lines(fd: int, say: Callable[[str], None]) -> None:
    """Lines of a pipe as they come, the last without its newline too; a line without end is cut, not gathered."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0)
    )
    try:
        rest = b""
        while block := await reader.read(1 << 16):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                say(line.decode("utf-8", "replace").removesuffix("\r"))
            if len(rest) > _LONGEST_LINE:
                say(rest.decode("utf-8", "replace"))
                rest = b""
        if rest:
            say(rest.decode("utf-8", "replace"))
    finally:
        transport.close()
