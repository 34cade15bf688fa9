"""Repositories fetched by a git of the test's own: what it is asked, what it sees, what comes of its complaints."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, RegistryError
from engine.processes import git as git_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.processes.conftest import Programs as Scripts


def a_git(programs: Scripts, fails: dict[str, str] | None = None) -> None:
    """Answers well but to calls with these words in them, which it fails with others."""
    cases = "".join(f'*"{words}"*) printf "%s\\n" "{said}" >&2; exit 128;;\n' for words, said in (fails or {}).items())
    programs.write("git", f'env > "$here/environment"; pwd > "$here/where"\ncase "$*" in\n{cases}*) exit 0;; esac')


def verbs(programs: Scripts) -> list[str]:
    settings = " ".join(f"-c {each}" for each in git_program._SETTINGS)
    assert all(each.startswith(settings + " ") for each in programs.asked)
    return [each.removeprefix(settings + " ") for each in programs.asked]


async def test_a_repository_is_fetched_with_as_little_history_as_can_be(programs: Scripts, tmp_path: Path) -> None:
    a_git(programs)
    await git_program.check_out("https://example.org/r", "main", tmp_path, environment={"GIT_X": "y"})
    assert verbs(programs) == [
        "init --quiet --template= .",
        "remote add origin -- https://example.org/r",
        "fetch --quiet --depth=1 origin -- main",
        "checkout --quiet --detach FETCH_HEAD --",
    ]
    assert programs.kept("where").strip() == str(tmp_path)


async def test_a_server_without_shallow_history_is_asked_for_more(programs: Scripts, tmp_path: Path) -> None:
    a_git(programs, {"--depth=1": "no"})
    await git_program.check_out("r", "", tmp_path, environment={})
    assert verbs(programs)[2:] == [
        "fetch --quiet --depth=1 origin -- HEAD",
        "fetch --quiet origin -- HEAD",
        "checkout --quiet --detach FETCH_HEAD --",
    ]


async def test_a_bare_commit_is_looked_for_in_all_branches(programs: Scripts, tmp_path: Path) -> None:
    a_git(programs, {"origin -- abc": "no"})
    (tmp_path / ".gitmodules").touch()
    await git_program.check_out("r", "abc", tmp_path, environment={})
    assert verbs(programs)[3:] == [
        "fetch --quiet origin -- abc",
        "fetch --quiet --tags origin +refs/heads/*:refs/remotes/origin/*",
        "checkout --quiet --detach abc --",
        "submodule --quiet update --init --recursive --depth=1",
    ]


@pytest.mark.parametrize(
    ("said", "words", "code"),
    [
        ("noise\nfatal: repository not found", "repository not found", Code.NOT_FOUND),
        ("fatal: couldn't find remote ref x", "couldn't find remote ref x", Code.NOT_FOUND),
        ("fatal: Could not resolve host", "Could not resolve host", Code.CONNECT),
        (" ", "git remote ended with 128.", Code.CONNECT),
    ],
)
async def test_a_repository_that_cannot_be_fetched(
    programs: Scripts, tmp_path: Path, said: str, words: str, code: Code
) -> None:
    a_git(programs, {"remote add": said})
    with pytest.raises(RegistryError, match="cannot be fetched") as caught:
        await git_program.check_out("r", "", tmp_path, environment={})
    assert (caught.value.explanation, caught.value.code) == (words, code)
    assert caught.value.details == said + "\n"


async def test_git_sees_nothing_of_the_users_settings(
    programs: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/agent")
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("https_proxy", "http://proxy")
    a_git(programs)
    await git_program.check_out("r", "", tmp_path, environment={"GIVEN": "1", "HOME": "/stolen"})
    seen = dict(line.split("=", 1) for line in programs.kept("environment").splitlines())
    assert {name: seen.get(name) for name in (*git_program._KEPT, "GIVEN", "SECRET", "HOME")} == {
        "PATH": os.environ["PATH"],
        "SSH_AUTH_SOCK": "/agent",
        "http_proxy": None,
        "https_proxy": "http://proxy",
        "no_proxy": None,
        "HTTPS_PROXY": None,
        "NO_PROXY": None,
        "all_proxy": None,
        "GIVEN": "1",
        "SECRET": None,
        "HOME": str(tmp_path),
    }
    assert {name: seen[name] for name in seen if name.startswith(("GIT_", "LC_"))} == {
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "http:https:git:ssh",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/true",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    }


async def test_a_fetch_that_is_called_off_ends_with_its_helpers(
    programs: Scripts, made: list[asyncio.subprocess.Process], tmp_path: Path
) -> None:
    os.mkfifo(programs.place / "begun")
    programs.write("git", 'sleep 30 & echo $! > "$here/helper"; echo > "$here/begun"; wait')
    work = asyncio.ensure_future(git_program.check_out("r", "", tmp_path, environment={}))
    await asyncio.to_thread((programs.place / "begun").read_text)
    await until(lambda: bool(made))
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: has_ended(programs.kept("helper").strip()))


async def until(holds: Callable[[], bool]) -> None:
    """A signal that was sent takes a moment, as does a program that was started."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def has_ended(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2][0] in "ZX"
    except OSError:
        return True
