"""git, for build contexts that are repositories: fetched as a stranger's, with nothing of the user's settings.

No configuration, no hooks, no templates, no filters, no questions on a terminal; addresses of the web, of ssh and of
git's own protocol alone, also where a repository names others as its parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final

from engine.errors import Code, RegistryError
from engine.processes.programs import need_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PROTOCOLS: Final = "http:https:git:ssh"
_KEPT: Final = (
    "PATH",
    "SSH_AUTH_SOCK",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "NO_PROXY",
    "all_proxy",
)
_SETTINGS: Final = ("core.hooksPath=/dev/null", "core.symlinks=true", "advice.detachedHead=false", "gc.auto=0")
_MOST_WORDS: Final = 4096


async def check_out(repository: str, commit: str, into: Path, *, environment: Mapping[str, str]) -> None:
    """The files of a branch, a tag or a commit ("" is what the repository begins with), and of its parts."""
    git = _Git(into, environment)
    await git("init", "--quiet", "--template=", ".")
    await git("remote", "add", "origin", "--", repository)
    wanted = commit or "HEAD"
    # A server that speaks the plain protocol of files knows no shallow history, and some give out no bare commit.
    if await git.fails("fetch", "--quiet", "--depth=1", "origin", "--", wanted):
        if await git.fails("fetch", "--quiet", "origin", "--", wanted):
            await git("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
            await git("checkout", "--quiet", "--detach", wanted, "--")
        else:
            await git("checkout", "--quiet", "--detach", "FETCH_HEAD", "--")
    else:
        await git("checkout", "--quiet", "--detach", "FETCH_HEAD", "--")
    if (into / ".gitmodules").is_file():
        await git("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")


class _Git:
    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._given = environment
        self._program = need_program("git")
        self._directory = directory
        settings = [word for each in _SETTINGS for word in ("-c", each)]
        self._begin = [self._program, *settings]

    async def fails(self, *words: str) -> bool:
        code, _ = await self._run(words)
        return code != 0

    async def __call__(self, *words: str) -> None:
        code, said = await self._run(words)
        if code != 0:
            lines = [line.removeprefix("fatal: ") for line in said.splitlines() if line.strip()]
            raise RegistryError(
                "The git repository cannot be fetched",
                lines[-1] if lines else f"git {words[0]} ended with {code}.",
                code=Code.NOT_FOUND if "not found" in said or "couldn't find" in said else Code.CONNECT,
                details=said,
            )

    async def _run(self, words: tuple[str, ...]) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *self._begin,
            *words,
            cwd=self._directory,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # its helpers go with it
        )
        try:
            _, said = await process.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        return process.returncode or 0, said[-_MOST_WORDS:].decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
        return (
            kept
            | dict(self._given)
            | {
                "HOME": str(self._directory),
                "LC_ALL": "C.UTF-8",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_ATTR_NOSYSTEM": "1",
                "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_ASKPASS": "/bin/true",
                "GIT_LFS_SKIP_SMUDGE": "1",
                "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
            }
        )
