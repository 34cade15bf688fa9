"""What `--mount` gives to a step and takes away again, on a machine in memory: crun is only told of the mounts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import WherryError
from engine.types.builds import BuildImage, BuildSecret
from tests.support.played_engine import IMAGE

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.builds import Build
    from tests.fakes.machine import MachineInMemory

_OWN = ("/proc", "/sys", "/dev", "/etc")


@dataclass
class Mounts:
    """Builds steps with mounts, and what each step saw while it ran."""

    engine: EmbeddedEngine
    machine: MachineInMemory
    place: Path
    seen: list[dict[str, tuple[dict[str, Any], str]]] = field(default_factory=list)

    async def build(self, *lines: str, **options: Any) -> Build:
        text = "\n".join((f"FROM {IMAGE}", *lines))
        options = {"context": str(self.place), "dockerfile_text": text, "network": "none"} | options
        handle = self.engine.builds.build(BuildImage(**options))
        await handle.result()
        return await self.engine.builds.get(handle.id)

    def look(self, root: Path, words: list[str]) -> str:
        found = {}
        for mount in self.machine.documents[-1]["mounts"]:
            if mount["destination"].startswith(_OWN):
                continue
            source = Path(mount.get("source", ""))
            text = source.read_text() if source.is_file() else ""
            found[mount["destination"]] = (mount, text)
        self.seen.append(found)
        return ""

    def is_there(self, path: str) -> bool:
        return os.path.lexists(path)

    @property
    def environment(self) -> dict[str, str]:
        words = self.machine.documents[-1]["process"]["env"]
        return dict(word.split("=", 1) for word in words)


@pytest.fixture
def mounts(played_engine: EmbeddedEngine, machine: MachineInMemory, tmp_path: Path) -> Mounts:
    made = Mounts(played_engine, machine, tmp_path)
    machine.commands["look"] = made.look
    return made


async def test_a_tmpfs_has_its_size_and_nothing_of_it_stays(mounts: Mounts) -> None:
    await mounts.build("RUN --mount=type=tmpfs,target=/fresh,size=1m look")
    ((mount, _),) = mounts.seen[0].values()
    assert (mount["destination"], mount["type"]) == ("/fresh", "tmpfs")
    assert "size=1048576" in mount["options"]


async def test_a_cache_is_the_same_directory_for_the_next_step(mounts: Mounts) -> None:
    await mounts.build(
        "RUN --mount=type=cache,target=/a look", "RUN --mount=type=cache,id=/a,target=/b,readonly look 2",
        "RUN --mount=type=cache,id=other,target=/a look 3",
    )  # fmt: skip
    first, second, third = (next(iter(seen.values()))[0] for seen in mounts.seen)
    assert first["source"] == second["source"] != third["source"]
    assert (first["destination"], second["destination"]) == ("/a", "/b")
    assert ("ro" in first["options"], "ro" in second["options"]) == (False, True)
    entries = {each.description: each for each in await mounts.engine.builds.cache() if each.kind == "mount"}
    assert set(entries) == {"cache mount /a", "cache mount other"}
    assert not any(each.in_use for each in entries.values())
    gone = await mounts.engine.builds.prune_cache(all_unused=True)
    assert {each.id for each in entries.values()} <= set(gone.ids)
    assert not [each for each in await mounts.engine.builds.cache() if each.kind == "mount"]


async def test_a_secret_is_a_file_for_root_or_a_variable(mounts: Mounts) -> None:
    secrets = (BuildSecret(id="key", value=b"hidden"), BuildSecret(id="word", value=b"said"))
    await mounts.build(
        "RUN --mount=type=secret,id=key --mount=type=secret,id=word,env=WORD look",
        "RUN --mount=type=secret,id=key,target=/k look 2", "RUN --mount=type=secret,id=none look 3",
        "RUN --mount=type=secret,id=word,env=WORD,target=/w look 4",
        secrets=secrets,
    )  # fmt: skip
    first, second, third, fourth = mounts.seen
    assert {target: text for target, (_, text) in first.items()} == {"/run/secrets/key": "hidden"}
    assert {target: text for target, (_, text) in second.items()} == {"/k": "hidden"}
    assert third == {}
    assert {target: text for target, (_, text) in fourth.items()} == {"/w": "said"}
    assert mounts.environment["WORD"] == "said"
    assert "ro" in first["/run/secrets/key"][0]["options"]
    assert [each for each in mounts.machine.mounted if "secret-" in each.target] == []


async def test_a_secret_that_is_required_and_missing_fails_at_its_line(mounts: Mounts) -> None:
    with pytest.raises(WherryError) as caught:
        await mounts.build("RUN --mount=type=secret,id=key,required look")
    assert "'key'" in caught.value.title
    with pytest.raises(WherryError) as caught:
        await mounts.build("RUN --mount=type=ssh,required look")
    assert "'default'" in caught.value.title
    assert mounts.seen == []


async def test_an_agent_is_mounted_and_named(mounts: Mounts, tmp_path: Path) -> None:
    (tmp_path / "socket").touch()
    (tmp_path / "other").touch()
    sockets = {"default": str(tmp_path / "socket"), "second": str(tmp_path / "other")}
    await mounts.build("RUN --mount=type=ssh look", ssh_sockets=sockets)
    ((target, (mount, _)),) = mounts.seen[0].items()
    assert (target, mount["source"]) == ("/run/buildkit/ssh_agent.0", sockets["default"])
    assert mounts.environment["SSH_AUTH_SOCK"] == target
    await mounts.build("RUN --mount=type=ssh,id=second,target=/agent look", ssh_sockets=sockets)
    ((target, (mount, _)),) = mounts.seen[1].items()
    assert (target, mount["source"], mounts.environment["SSH_AUTH_SOCK"]) == ("/agent", sockets["second"], "/agent")
    await mounts.build("RUN --mount=type=ssh,id=third look")
    assert mounts.seen[2] == {}
    assert "SSH_AUTH_SOCK" not in mounts.environment


async def test_files_of_the_context_are_mounted_as_a_copy(mounts: Mounts) -> None:
    (mounts.place / "src").mkdir()
    (mounts.place / "src/file").write_text("mine")
    (mounts.place / ".dockerignore").write_text("src/left")
    (mounts.place / "src/left").write_text("x")
    await mounts.build(
        "RUN --mount=type=bind,source=src/file,target=/f look", "RUN --mount=type=bind,source=src,target=/d,rw look 2"
    )
    (file, text), (folder, _) = mounts.seen[0]["/f"], mounts.seen[1]["/d"]
    assert (text, "ro" in file["options"], "ro" in folder["options"]) == ("mine", True, False)
    assert not file["source"].startswith(str(mounts.place))
    assert not mounts.is_there(file["source"]), "the copy goes with the step"


async def test_a_step_is_done_again_when_what_it_binds_is_another(mounts: Mounts) -> None:
    (mounts.place / "file").write_text("one")
    (mounts.place / "beside").write_text("one")
    line = "RUN --mount=type=bind,source=file,target=/f look"
    await mounts.build(line)
    (mounts.place / "beside").write_text("two")
    await mounts.build(line)
    assert len(mounts.seen) == 1
    (mounts.place / "file").write_text("two")
    await mounts.build(line)
    assert [each["/f"][1] for each in mounts.seen] == ["one", "two"]


async def test_files_of_another_stage_are_mounted(mounts: Mounts) -> None:
    def write(root: Path, words: list[str]) -> str:
        (root / words[1]).write_text(words[2])
        return ""

    mounts.machine.commands["write"] = write
    await mounts.build(
        "RUN write made yes", f"FROM {IMAGE}", "RUN --mount=type=bind,from=0,source=/made,target=/m look"
    )
    assert mounts.seen[0]["/m"][1] == "yes"
    with pytest.raises(WherryError) as caught:
        await mounts.build(f"FROM {IMAGE}", "RUN --mount=type=bind,from=0,source=/none,target=/m look")
    assert "/none" in caught.value.title
