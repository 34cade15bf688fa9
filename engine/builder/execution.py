"""One build as it runs: needed stages side by side, steps of a stage one after the other, each looked up, then done."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from engine.builder.caching.cache import CachedStep
from engine.builder.context.downloads import Downloads
from engine.builder.context.sources import Sources
from engine.builder.language import types as t
from engine.builder.language.mounts import read_mount
from engine.builder.language.parser import parse_trigger
from engine.builder.planning.allowances import allowed_by, must_be_allowed
from engine.builder.planning.graph import stage_steps, step_id
from engine.builder.planning.plan import StageNames
from engine.builder.planning.variables import Variables
from engine.builder.steps.copy_sources import NoFiles
from engine.builder.steps.mounting import RunMounts
from engine.builder.steps.running import RunBounds, prepare_run
from engine.builder.steps.stages import DEFAULT_PATH, StageState, absolute, apply_metadata, is_metadata
from engine.builder.steps.transfer import is_fetched, prepare_transfer, prepare_workdir
from engine.builder.steps.trees import BuildTrees, image_of
from engine.errors import InvalidRequest, Unsupported, WherryError
from engine.images.known import platforms
from engine.images.known.emulation import runnable_platforms
from engine.operations.together import together
from engine.types.builds import StepState
from engine.types.data import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.builder.bases import Bases
    from engine.builder.caching.cache import StepCache
    from engine.builder.caching.cache_mounts import CacheMounts
    from engine.builder.caching.cache_sharing import SharedCaches
    from engine.builder.context.directory import ContextDirectory
    from engine.builder.lent import Lent
    from engine.builder.planning.plan import Plan, PlannedStage
    from engine.builder.record import BuildRecord
    from engine.builder.steps.copy_sources import SourceTree
    from engine.builder.steps.network import BuildNetwork
    from engine.builder.steps.running import RunTools
    from engine.builder.steps.scratch_roots import ScratchRoots
    from engine.builder.steps.step import FileStep, ScratchRoot
    from engine.registry.web import Web
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.types.builds import BuildImage
    from engine.types.data import Platform


@dataclass(frozen=True)
class BuildTools:
    """What a build works with."""

    paths: Paths
    keeper: Keeper
    layers: LayerStore
    roots: ScratchRoots
    cache: StepCache
    cache_mounts: CacheMounts
    bases: Bases
    shared: SharedCaches
    run: RunTools
    web: Web


@dataclass(frozen=True)
class FailedStep:
    """Where a build stopped: the files as the step left them, and how to run things there."""

    step: str
    state: StageState


_SHORT = 20_000
"""Characters of an instruction that are read in a moment; more of them are read beside the loop."""


class Execution:
    """Runs a plan once."""

    def __init__(
        self,
        tools: BuildTools,
        plan: Plan,
        request: BuildImage,
        context: ContextDirectory | None,
        record: BuildRecord,
        network: BuildNetwork,
        lent: Lent,
    ) -> None:
        self._tools = tools
        self._plan = plan
        self._request = request
        self._context = context
        self._record = record
        self._network = network
        self._lent = lent
        self._names = StageNames(plan.dockerfile.stages, request.named_contexts)
        self._stages: dict[int, asyncio.Future[StageState]] = {}
        self._waits: dict[int, set[int]] = {}
        self._key_locks: dict[str, asyncio.Lock] = {}
        self._working = asyncio.Semaphore(max(2, os.cpu_count() or 2))
        self._given = {name: _given(name, value) for name, value in request.build_args.items()}
        self.failed: FailedStep | None = None
        self.steps: dict[str, CachedStep] = {}
        """Every step that was done or found, by its key."""

    @property
    def _latest(self) -> int | None:
        if self._request.source_date_epoch is not None:
            return self._request.source_date_epoch
        said = self._given.get("SOURCE_DATE_EPOCH", "")
        return int(said) if said.isdigit() else None

    async def run(self) -> StageState:
        """The state of the target stage; the first failure otherwise, after all else has been stopped."""
        needed = list(self._plan.ordered())
        loop = asyncio.get_running_loop()
        self._stages = {planned.index: loop.create_future() for planned in needed}
        await together(self._run_stage(planned) for planned in needed)
        return self._stages[self._plan.target].result()

    async def _run_stage(self, planned: PlannedStage) -> None:
        """A stage that fails leaves those that wait for it waiting: they are stopped, they did not fail."""
        self._stages[planned.index].set_result(await self._stage(planned))

    async def stage_state(self, index: int, asking: int) -> StageState:
        """Wait for another stage. A trigger may name one that the plan did not know of."""
        self._waits.setdefault(asking, set()).add(index)
        if self._leads_back(index, asking):
            name = self._plan.stages[index].name
            raise InvalidRequest(f"Stage {name} waits for itself")
        coming = self._stages.get(index)
        if coming is None:
            planned = self._plan.stages[index]
            self._record.plan(stage_steps(self._plan, planned, planned.stage.instructions))
            return await self._stage(planned)
        return await asyncio.shield(coming)

    def _leads_back(self, index: int, asking: int) -> bool:
        seen: set[int] = set()
        todo = [index]
        while todo:
            one = todo.pop()
            if one == asking:
                return True
            if one not in seen:
                seen.add(one)
                todo += [*self._waits.get(one, ()), *self._plan.stages[one].needs]
        return False

    # --- a stage ---

    async def _stage(self, planned: PlannedStage) -> StageState:
        state, triggers = await self._begin(planned)
        known = self._plan.globals
        variables = Variables(self._given, known.arguments, self._plan.dockerfile.escape, known.allotment)
        variables.environment.update(state.environment())
        instructions = planned.stage.instructions
        if triggers:
            brought = tuple(parse_trigger(one, planned.stage.origin.raw) for one in triggers)
            instructions = (*brought, *instructions)
            self._record.plan(stage_steps(self._plan, planned, instructions))
        number = 0
        for instruction in instructions:
            if isinstance(instruction, t.Arg):
                variables.define(instruction)
                continue
            number += 1
            await asyncio.sleep(0)  # thousands of lines that touch no file must not keep everybody else waiting
            state = await self._step(step_id(planned.index, number), planned, instruction, state, variables)
        return state

    async def _begin(self, planned: PlannedStage) -> tuple[StageState, tuple[str, ...]]:
        step = step_id(planned.index, 0)
        platform = platforms.wanted_platform(planned.platform or self._request.platform)
        origin = planned.origin
        triggers: tuple[str, ...] = ()
        try:
            if origin.kind == "scratch":
                state = StageState(platform=platform, created=self._moment())
            elif origin.kind == "stage":
                inherited = await self.stage_state(origin.stage, planned.index)
                self._record.begin(step)
                state, triggers = replace(inherited, command_set=False), inherited.config.on_build
                state = state.with_config(on_build=())
            else:
                self._record.begin(step)
                name = origin.name
                if origin.kind == "named":
                    name = image_of(self._request.named_contexts[name], name, planned.stage.origin)
                state, triggers = await self._base(name, platform, say=lambda text: self._record.say(step, text))
        except WherryError as error:
            self._fail(step, error)
            raise
        self._record.end(step, StepState.DONE)
        if "PATH" not in state.environment():
            # What a command of a step finds, the image says: so `ENV PATH=/x:$PATH` and its containers find it too.
            state = state.with_config(env=(f"PATH={DEFAULT_PATH}", *state.config.env))
        return state, triggers

    # --- a step ---

    async def _step(
        self, step: str, planned: PlannedStage, instruction: t.Instruction, state: StageState, variables: Variables
    ) -> StageState:
        try:
            if is_metadata(instruction):
                if len(instruction.text) > _SHORT or isinstance(instruction, t.Expose):
                    changed = await asyncio.to_thread(apply_metadata, state, instruction, variables)
                else:
                    changed = apply_metadata(state, instruction, variables)
                self._record.end(step, StepState.DONE)
                return changed.with_step(instruction.text, state.created)
            if isinstance(instruction, t.Workdir):
                path = absolute(variables.expanded(instruction.path, instruction), state.config.workdir)
                prepared = prepare_workdir(path, state, keeper=self._tools.keeper, at=instruction.raw)
                made = await self._do(step, prepared, state)
                return made.with_config(workdir=path.rstrip("/") or "/")
            async with AsyncExitStack() as stack:
                file_step = await self._prepare(step, planned, instruction, state, variables, stack)
                return await self._do(step, file_step, state)
        except WherryError as error:
            self._fail(step, error)
            raise
        except OSError as error:
            refused = InvalidRequest(f"{instruction.text[:200]}: {error.strerror or error}", details=str(error))
            self._fail(step, refused)
            raise refused from error

    async def _prepare(
        self,
        step: str,
        planned: PlannedStage,
        instruction: t.Instruction,
        state: StageState,
        variables: Variables,
        stack: AsyncExitStack,
    ) -> FileStep:
        trees = self._trees(planned)
        if isinstance(instruction, t.Run):
            return await self._prepare_run(step, instruction, state, variables, trees)
        assert isinstance(instruction, t.Transfer)
        origin = instruction.origin if isinstance(instruction, t.Copy) else ""
        origin = variables.expanded(origin, instruction)
        source: SourceTree = NoFiles()
        if any(not is_fetched(variables.expanded(word, instruction), instruction) for word in instruction.sources):
            source = await stack.enter_async_context(trees.source(origin, instruction))
        return await prepare_transfer(
            instruction,
            source,
            state,
            variables,
            keeper=self._tools.keeper,
            layers=self._tools.layers,
            latest=self._latest,
            downloads=Downloads(
                self._tools.paths.build_scratch(self._record.id) / "downloads", Sources(self._tools.web, self._lent)
            ),
        )

    async def _prepare_run(
        self, step: str, instruction: t.Run, state: StageState, variables: Variables, trees: BuildTrees
    ) -> FileStep:
        if not any(platforms.matches(each, state.platform) for each in runnable_platforms()):
            raise Unsupported(
                f"RUN needs programs for {state.platform}, which this machine runs with an emulator only:"
                " install qemu-user-static",
                hint="Or build for this machine, or take RUN out of the stage.",
            )
        wanted = [read_mount(instruction.raw, variables.expanded(text, instruction)) for text in instruction.mounts]
        mounts = RunMounts(
            instruction=instruction,
            wanted=[_placed(mount, state) for mount in wanted],
            keeper=self._tools.keeper,
            paths=self._tools.paths,
            trees=trees,
            caches=self._tools.cache_mounts,
            lent=self._lent,
        )

        def say(line: str, stream: Literal["stdout", "stderr"]) -> None:
            self._record.say(step, line, stream=stream)

        must_be_allowed(instruction, allowed_by(self._request))
        return await prepare_run(
            instruction,
            state,
            variables,
            tools=self._tools.run,
            mounts=mounts,
            network_provider=self._network,
            network=self._request.network,
            extra_hosts=self._request.extra_hosts,
            bounds=RunBounds(self._request.shm_size, self._request.ulimits),
            say=say,
        )

    def _anew(self, step: str) -> bool:
        """Whether a step is done whatever the cache has."""
        if self._request.no_cache or not self._request.no_cache_stages:
            return self._request.no_cache
        stage = self._plan.stages[int(step.partition(".")[0])].name
        return stage.lower() in {name.lower() for name in self._request.no_cache_stages}

    async def _do(self, step: str, file_step: FileStep, state: StageState) -> StageState:
        """Find the step in the cache, or perform it and keep what came of it. Equal steps wait for each other."""
        lock = self._key_locks.setdefault(file_step.key, asyncio.Lock())
        async with lock:
            cached = None if self._anew(step) else await self._known(step, file_step.key)
            if cached is None:
                async with self._working:
                    self._record.begin(step)
                    cached = await self._perform(step, file_step, state)
                self._record.end(step, StepState.DONE)
            else:
                self._record.end(step, StepState.CACHED)
        self.steps[file_step.key] = cached
        created = datetime.fromtimestamp(cached.created_ns / 1e9, UTC)
        return state.with_step(file_step.created_by, created, layer=cached.diff_id)

    async def _known(self, step: str, key: str) -> CachedStep | None:
        """Made before here, or elsewhere as a cache that was given says."""
        found = await self._tools.cache.find(key)
        if found is None and self._request.caches:
            pin = self._tools.bases.images.intake.pinned
            found = await self._tools.shared.find(
                key, self._request.caches, lambda diff_id: pin([diff_id]), self._sayer(step)
            )
        return found

    async def _perform(self, step: str, file_step: FileStep, state: StageState) -> CachedStep:
        async with self._tools.roots.mounted(state.layers) as root:
            try:
                diff_id = await file_step.perform(root, state)
            except WherryError:
                await self._keep_failed(step, root, state)
                raise
            if diff_id is None:
                diff_id = await self._tools.roots.seal(root, latest=self._latest, say=self._sayer(step))
        size = self._tools.layers.size(diff_id) if diff_id else 0
        moment = self._latest * 1_000_000_000 if self._latest is not None else time.time_ns()
        entry = CachedStep(diff_id=diff_id, description=file_step.created_by[:400], created_ns=moment, size=size)
        await self._tools.cache.keep(file_step.key, entry)
        return entry

    async def _keep_failed(self, step: str, root: ScratchRoot, state: StageState) -> None:
        """The files as the failed step left them, for whoever wants to look."""
        if self.failed is None:
            layer = await self._tools.roots.seal(root, latest=None, say=self._sayer(step))
            self.failed = FailedStep(step, state.with_step("failed step", now(), layer=layer))

    # --- bits ---

    def _trees(self, planned: PlannedStage) -> BuildTrees:
        return BuildTrees(
            current=planned.index,
            names=self._names,
            context=self._context,
            named=self._request.named_contexts,
            keeper=self._tools.keeper,
            roots=self._tools.roots,
            stage_state=self.stage_state,
            image_state=self._image_state,
        )

    async def _image_state(self, name: str) -> StageState:
        platform = platforms.wanted_platform(self._request.platform)
        state, _ = await self._base(name, platform, say=lambda _: None)
        return state

    async def _base(
        self, name: str, platform: Platform, *, say: Callable[[str], None]
    ) -> tuple[StageState, tuple[str, ...]]:
        request = self._request
        begun = await self._tools.bases.begin(name, platform, pull=request.pull, say=say, lent=self._lent)
        self._record.used(begun.base)
        return begun.state, begun.triggers

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._latest, UTC) if self._latest is not None else datetime.fromtimestamp(0, UTC)

    def _sayer(self, step: str) -> Callable[[str], None]:
        return lambda text: self._record.say(step, text, stream="stderr")

    def _fail(self, step: str, error: WherryError) -> None:
        if self._record.state_of(step) in (StepState.RUNNING, StepState.WAITING):
            self._record.end(step, StepState.FAILED, exit_code=getattr(error, "exit_code", 1))
        self._record.say(step, str(error), stream="stderr")
        if not self._record.failed_step:
            self._record.failed_step = step


def _given(name: str, value: str | None) -> str:
    """`--build-arg NAME` without a value takes it from the environment."""
    return os.environ.get(name, "") if value is None else value


def _placed(mount: t.RunMount, state: StageState) -> t.RunMount:
    target = absolute(mount.target, state.config.workdir) if mount.target else ""
    return replace(mount, target=target)
