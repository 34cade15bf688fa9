"""`wherry compose` where a registry, a watcher or somebody waiting has a part, and what `--dry-run` leaves alone."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.images import busybox_archive
from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE, Tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVICE = f"image: {IMAGE}, stop_grace_period: 0s"


@pytest.fixture
async def project(wherry: Tool, tmp_path: Path) -> Callable[[str], Tool]:
    """Writes the project's services and gives `wherry compose` in its folder."""
    await wherry("load", input=busybox_archive())
    wherry.directory = tmp_path / "shop"
    wherry.directory.mkdir()
    compose = Tool([*wherry.argv, "compose"], wherry.environment, wherry.directory)

    def written(services: str) -> Tool:
        (wherry.directory / "compose.yaml").write_text(f"name: shop\nservices:\n{services}")
        return compose

    return written


async def until(process: asyncio.subprocess.Process, text: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while text not in (line := (await process.stdout.readline()).decode()):
            assert line, f"it ended without {text!r}"


async def test_images_are_built_sent_and_fetched_again(
    project: Callable[[str], Tool], wherry: Tool, tmp_path: Path
) -> None:
    with serve_registry(tmp_path) as registry:
        made = f"{registry.host}/shop/page"
        build = f'{{dockerfile_inline: "FROM {IMAGE}\\nRUN echo one > /page\\n"}}'
        rest = "command: sleep 100, stop_grace_period: 0s, depends_on: [db]"
        compose = project(
            f"  page: {{build: {build}, image: '{made}', {rest}}}\n"
            f"  nameless: {{build: {build}, stop_grace_period: 0s}}\n"
            f"  db: {{{SERVICE}, command: sleep 100}}\n"
        )
        await compose("build", "-q")
        told = await compose.try_("push", "-q")
        assert (told.code, "db Skipped" in told.err, "nameless Skipped" in told.err) == (0, True, True)
        compose = project(
            f"  page: {{image: '{made}', {rest}}}\n"
            f"  db: {{image: '{registry.host}/shop/nothing', stop_grace_period: 0s}}\n"
        )
        await wherry("rmi", "-f", made)
        await compose("pull", "-q", "page")
        assert "shop/page" in await wherry("images")
        assert "manifest unknown" in await compose("pull", "--include-deps", "page", code=1)
        await compose("pull", "--include-deps", "--ignore-pull-failures", "page")
        await compose("pull", "--policy", "missing", "page")
        assert "invalid --policy" in await compose("pull", "--policy", "often", code=1)
        await compose("up", "-d", "--no-deps", "--pull", "always", "page")
        assert await compose("exec", "-T", "page", "cat", "/page") == "one\n"
        assert "no such service: nosuch" in await compose("push", "nosuch", code=1)
        await compose("down", "--rmi", "all")
        assert "shop/page" not in await wherry("images")


async def test_created_attached_to_and_waited_for(project: Callable[[str], Tool]) -> None:
    waits = 'sh -c "read line; echo heard $$line; exit 3"'
    compose = project(
        f"  ear: {{{SERVICE}, stdin_open: true, command: {waits!r}}}\n"
        f"  quick: {{{SERVICE}, command: sh -c 'exit 4'}}\n"
        f"  long: {{{SERVICE}, command: sleep 1000}}\n"
    )
    assert "no containers" in await compose("wait", "ear", code=1)
    await compose("create")
    states = dict(
        line.split() for line in (await compose("ps", "-a", "--format", "{{.Service}} {{.State}}")).splitlines()
    )
    assert states == {"ear": "created", "quick": "created", "long": "created"}
    assert "is not running" in await compose("attach", "ear", code=1)
    await compose("start", "ear", "long")
    waiting = await compose.start("wait", "ear")
    assert "heard me" in await compose("attach", "ear", input=b"me\n", code=3)
    out, _ = await waiting.communicate()
    assert (waiting.returncode, b"exited with status code 3" in out) == (3, True)
    await compose("start", "quick")
    assert "status code 4" in await compose("wait", "--down-project", "quick", code=4)
    assert await compose("ps", "-aq") == ""


async def test_up_with_watch_follows_the_files_beside_the_logs(project: Callable[[str], Tool]) -> None:
    develop = "develop: {watch: [{path: src, action: sync, target: /app}]}"
    compose = project(f"  web: {{build: {{dockerfile_inline: 'FROM {IMAGE}'}}, command: sleep 1000, "
                      f"stop_grace_period: 0s, {develop}}}\n")  # fmt: skip
    (compose.directory / "src").mkdir()
    process = await compose.start("up", "--watch")
    await until(process, "Watching")
    (compose.directory / "src/page").write_text("new")
    await until(process, "Synced")
    assert await compose("exec", "-T", "web", "cat", "/app/page") == "new"
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 30) == 130
    assert await compose("ps", "-q") == ""


async def test_what_an_up_did_is_listed_and_taken_back_and_orphans_go_when_asked(
    project: Callable[[str], Tool],
) -> None:
    compose = project(f"  web: {{{SERVICE}, command: sleep 1000}}\n  old: {{{SERVICE}, command: sleep 1000}}\n")
    await compose("up", "-d")
    project(f"  web: {{{SERVICE}, command: sleep 1001, volumes: [/data]}}\n")
    await compose("up", "-d")
    assert len((await compose("ps", "-q")).split()) == 2
    await compose("exec", "-T", "web", "touch", "/data/mine")
    await compose("up", "-d", "--force-recreate", "--remove-orphans")
    assert await compose("ps", "--services") == "web\n"
    assert await compose("exec", "-T", "web", "ls", "/data") == "mine\n"
    await compose("up", "-d", "--force-recreate", "-V")
    assert await compose("exec", "-T", "web", "ls", "/data") == ""
    history = (await compose("history")).splitlines()
    assert len(history) == 5
    assert "create shop-web-1" in history[-1]
    project(f"  web: {{{SERVICE}, command: sleep 1002, volumes: [/data]}}\n")
    await compose("up", "-d")
    await compose("rollback")
    assert "1001" in await compose("exec", "-T", "web", "cat", "/proc/1/cmdline")
    await compose("down")


async def test_a_dry_run_of_any_verb_changes_nothing(project: Callable[[str], Tool], wherry: Tool) -> None:
    build = f"build: {{dockerfile_inline: 'FROM {IMAGE}'}}"
    compose = project(f"  web: {{{SERVICE}, command: sleep 1000}}\n  made: {{{build}, image: 'localhost/made'}}\n")
    await compose("up", "-d", "web")

    async def everything() -> str:
        return await wherry("images", "-q") + await compose("ps", "-a", "--format", "{{.ID}} {{.State}}")

    before = await everything()
    acts = ["create", "kill", "pause", "restart", "stop", "start", "build", "pull", "push", "up -d", "down -v"]
    for words in [*acts, "rm -sf", "scale web=3", "up -d --force-recreate"]:
        verb, *more = words.split()
        said = await compose.try_(verb, "--dry-run", *more)
        assert said.code == 0, said
        assert "DRY-RUN" in said.err or said.out.strip(), words
        await compose("--dry-run", verb, *more)
    for words in ("run web true", "exec web true", "wait web", "cp web:/bin/sh x", "watch", "rollback", "attach web"):
        assert "cannot be a dry run" in await compose("--dry-run", *words.split(), code=1)
    assert await everything() == before
    assert await compose("--dry-run", "ps", "-q") == await compose("ps", "-q")
