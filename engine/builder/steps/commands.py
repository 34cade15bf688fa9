"""What a RUN executes: its words, and the scripts that have to be brought along as files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from engine.builder.steps.stages import command_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.builder.language.source import Heredoc
    from engine.builder.language.types import Run
    from engine.builder.steps.stages import StageState

_LONGEST_WORD: Final = 128 * 1024 - 1
"""What the kernel lets one argument or variable of a program have."""
_SCRIPTS: Final = "/dev/pipes"


def command_of(instruction: Run, state: StageState) -> tuple[tuple[str, ...], dict[str, str]]:
    """The words to execute, and the text of files they need, by path.

    A lone here-document is the script itself, run by its own `#!` line if it has one; otherwise the shell gets the
    documents as they stand behind its line.
    """
    if not instruction.shell:
        return command_words(instruction, state), {}
    if not instruction.heredocs:
        return _shell_command(state, instruction.words[0])
    line = instruction.words[0]
    only = instruction.heredocs[0]
    if len(instruction.heredocs) == 1 and _is_only_marker(line, only):
        body = only.body()
        if body.startswith("#!"):
            path = posixpath.join(_SCRIPTS, only.name)
            return (path,), {path: body}
        return _shell_command(state, body)
    text = "\n".join([line, *(f"{one.text}{one.name}" for one in instruction.heredocs)])
    return _shell_command(state, f"{text}\n")


def _shell_command(state: StageState, text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """A text too long for a word is read by the shell from a file."""
    if len(text.encode("utf-8", "surrogateescape")) <= _LONGEST_WORD:
        return (*state.shell, text), {}
    path = posixpath.join(_SCRIPTS, "script")
    return (*state.shell, f". {path}"), {path: text}


def _is_only_marker(line: str, document: Heredoc) -> bool:
    rest = line.strip().removeprefix("<<").removeprefix("-").strip("\"'")
    return rest == document.name and line.strip().startswith("<<")


def check_lengths(instruction: Run, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """The kernel would only say "argument list too long"."""
    words = [("A word of the command", word) for word in command]
    words += [(f"The variable {name}", f"{name}={value}") for name, value in environment.items()]
    for what, word in words:
        size = len(word.encode("utf-8", "surrogateescape"))
        if size > _LONGEST_WORD:
            problem = f"{what} has {size:,} bytes; a program can be given {_LONGEST_WORD:,}"
            raise instruction.raw.error(problem, hint="Put it into a file.")
