"""Where `--from` leads: the context, a directory or image given by name, another stage, an image."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.builder.context.directory import ContextDirectory
from engine.builder.language.errors import DockerfileError
from engine.builder.steps.copy_sources import ContextSource, StoreSource
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from engine.builder.language.types import Instruction
    from engine.builder.planning.plan import Origin, StageNames
    from engine.builder.steps.copy_sources import SourceTree
    from engine.builder.steps.scratch_roots import ScratchRoots
    from engine.builder.steps.stages import StageState
    from engine.sandbox.client import Keeper

_IMAGE_CONTEXT: Final = "docker-image://"


@dataclass(frozen=True)
class BuildTrees:
    """The trees one stage can reach. `stage_state` waits for another stage, `image_state` gets an image."""

    current: int
    names: StageNames
    context: ContextDirectory | None
    named: Mapping[str, str]
    keeper: Keeper
    roots: ScratchRoots
    stage_state: Callable[[int, int], Awaitable[StageState]]
    image_state: Callable[[str], Awaitable[StageState]]

    def _origin(self, name: str, instruction: Instruction) -> Origin:
        return self.names.source(name, instruction, self.current)

    def is_directory_of_host(self, origin: str, instruction: Instruction) -> bool:
        found = self._origin(origin, instruction)
        return found.kind == "context" or (
            found.kind == "named" and not self.named[found.name].startswith(_IMAGE_CONTEXT)
        )

    @asynccontextmanager
    async def source(self, origin: str, instruction: Instruction) -> AsyncIterator[SourceTree]:
        if self.is_directory_of_host(origin, instruction):
            yield ContextSource(self._directory(origin, instruction))
            return
        state = await self._state(origin, instruction)
        async with self.roots.mounted(state.layers) as root:
            yield StoreSource(self.keeper, root.path, self.roots.indexes(state.layers))

    @asynccontextmanager
    async def root(self, origin: str, instruction: Instruction) -> AsyncIterator[Path]:
        state = await self._state(origin, instruction)
        async with self.roots.mounted(state.layers) as root:
            yield root.path

    async def identity(self, origin: str, instruction: Instruction) -> Any:
        return (await self._state(origin, instruction)).layers

    def _directory(self, origin: str, instruction: Instruction) -> ContextDirectory:
        found = self._origin(origin, instruction)
        if found.kind == "named":
            return ContextDirectory.open(Path(_directory_of(self.named[found.name])), "")
        if self.context is None:
            hint = "Build with a directory as context."
            raise instruction.raw.error("This build has no context to copy from", hint=hint)
        return self.context

    async def _state(self, origin: str, instruction: Instruction) -> StageState:
        found = self._origin(origin, instruction)
        if found.kind == "stage":
            return await self.stage_state(found.stage, self.current)
        reference = found.name
        if found.kind == "named":
            reference = image_of(self.named[found.name], found.name, instruction)
        try:
            return await self.image_state(reference)
        except DockerfileError:
            raise
        except Exception as error:
            near = self.names.near(origin)
            if near and hasattr(error, "hint"):
                error.hint = f"{near} (no stage has the name {origin}, so it was taken for an image)"
            raise


def image_of(given: str, name: str, instruction: Instruction) -> str:
    """The image that a context given by name stands for, where one is needed."""
    if given.startswith(_IMAGE_CONTEXT):
        return given.removeprefix(_IMAGE_CONTEXT)
    hint = f"Give it as {name}={_IMAGE_CONTEXT}REFERENCE."
    problem = f"The context {name} is a directory, and this takes an image"
    raise instruction.raw.error(problem, column=instruction.raw.column_of(name), hint=hint)


def _directory_of(given: str) -> str:
    if "://" in given or given.startswith("git@"):
        raise InvalidRequest(
            f"{given} cannot be a context",
            "A context given by name is a directory, an image, a git repository or an archive of the web.",
            hint=f"Fetch it first, or name an image as {_IMAGE_CONTEXT}REFERENCE.",
        )
    return given
