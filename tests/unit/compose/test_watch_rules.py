"""Which changed files are a service's business, and where in its container they go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.compose.reading.loading import Project, Request, load
from engine.compose.reading.watch_rules import Rule, watch_rules, why_not
from engine.tree_watch import TreeWatch

APP = """
services:
  web:
    build: .
    develop:
      watch:
        - {path: ./src, action: sync, target: /app/src, ignore: [node_modules/, "*.tmp"], include: ["**/*.js", dist]}
        - {path: package.json, action: rebuild}
"""


def project(folder: Path, text: str = APP) -> Project:
    (folder / "compose.yaml").write_text(text)
    request = Request(files=(str(folder / "compose.yaml"),), directory=str(folder), name="app")
    return load(request, lambda path: Path(path).read_text())


def rules(folder: Path, text: str = APP) -> list[Rule]:
    return watch_rules(project(folder, text), ["web"], lambda path: Path(path).read_text())


def test_a_file_goes_where_its_rule_says_and_what_is_ignored_does_not(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("src/secret.js\n")
    sync, rebuild = rules(tmp_path)
    source = tmp_path / "src"
    assert sync.covers(f"{source}/a/b.js")
    assert sync.inside(f"{source}/a/b.js") == "/app/src/a/b.js"
    assert sync.covers(f"{source}/dist/page.html")  # all below what is included
    for name in ("a/b.py", "node_modules/x.js", "a.js.tmp", "secret.js", ".git/x.js", "a.js~", ".a.js.swp"):
        assert not sync.covers(f"{source}/{name}"), name
    assert not sync.covers(str(tmp_path / "srcs/a.js"))
    assert sync.prunes(f"{source}/node_modules")
    assert not sync.prunes(f"{source}/lib")
    assert rebuild.covers(str(tmp_path / "package.json"))
    assert not rebuild.covers(str(tmp_path / "package.json.bak"))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{path: ., action: sync}", "needs a target"),
        ("{path: ., action: sync+exec, target: /x}", "needs a command"),
        ("{path: ., action: sync, target: /data/x}", "needs no syncing"),
        ("{path: ., action: rebuild}", "no build section"),
    ],
)
def test_what_cannot_be_followed_is_told_before_anything_is_watched(tmp_path: Path, entry: str, told: str) -> None:
    text = f"services:\n  web:\n    image: x\n    volumes: [./d:/data]\n    develop: {{watch: [{entry}]}}\n"
    assert told in why_not(rules(tmp_path, text), project(tmp_path, text))


async def test_new_folders_are_watched_with_what_came_in_them(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "skip").mkdir()
    tree = TreeWatch([str(tmp_path)], lambda folder: folder.endswith("skip"))
    try:
        (tmp_path / "skip/unseen").write_text("x")
        (tmp_path / "old/a").write_text("x")
        deep = tmp_path / "new/deeper"
        deep.mkdir(parents=True)
        (deep / "b").write_text("x")
        wanted = {str(tmp_path / "old/a"), str(deep / "b")}
        seen: set[str] = set()
        async with asyncio.timeout(30):
            while not wanted <= seen:
                seen |= await tree.changes()
            (deep / "c").write_text("x")  # the folder that came is watched itself
            while str(deep / "c") not in seen:
                seen |= await tree.changes()
            (tmp_path / "old/a").unlink()
            while str(tmp_path / "old/a") not in await tree.changes():
                pass
        assert str(tmp_path / "skip/unseen") not in seen
    finally:
        tree.close()
