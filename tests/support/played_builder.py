"""Builds on a machine in memory: a request from lines, and looks at what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.types.builds import BuildImage
from engine.types.images import FileKind

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.builds import Build
    from engine.types.images import FileEntry
    from tests.fakes.machine import MachineInMemory


@dataclass
class Builder:
    engine: EmbeddedEngine
    place: Path

    async def build(self, *lines: str, files: dict[str, str] | None = None, **options: Any) -> tuple[str, Build]:
        for name, text in (files or {}).items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(text)
        options = {"context": str(self.place), "dockerfile_text": "\n".join(lines), "network": "none"} | options
        handle = self.engine.builds.build(BuildImage(**options))
        image = await handle.result()
        return image, await self.engine.builds.get(handle.id)

    async def read(self, image: str, path: str) -> str:
        return (await self.engine.images.read_file(image, path)).decode()

    async def names(self, image: str, path: str) -> list[str]:
        return sorted(await self.entries(image, path))

    async def entries(self, image: str, path: str) -> dict[str, FileEntry]:
        """All that is below."""
        found: dict[str, FileEntry] = {}
        for node in await self.engine.images.tree(image, path):
            found[node.entry.path] = node.entry
            if node.entry.kind is FileKind.DIRECTORY:
                found |= await self.entries(image, node.entry.path)
        return found

    async def said(self, build: Build) -> list[str]:
        return [line.text async for lines in self.engine.builds.output(build.id) for line in lines]


def give_commands(machine: MachineInMemory) -> None:
    """What steps may run: `write PATH TEXT`, `remove PATH`, `link PATH TARGET`, `nothing`."""

    def write(root: Path, words: list[str]) -> str:
        (root / words[1]).parent.mkdir(parents=True, exist_ok=True)
        (root / words[1]).write_text(words[2])
        return f"wrote {words[1]}\n"

    def remove(root: Path, words: list[str]) -> str:
        (root / words[1]).unlink()
        return ""

    def link(root: Path, words: list[str]) -> str:
        (root / words[1]).symlink_to(words[2])
        return ""

    machine.commands |= {"write": write, "remove": remove, "link": link, "nothing": lambda root, words: ""}


def states(build: Build) -> dict[str, str]:
    return {step.instruction: step.state.value for step in build.steps}
