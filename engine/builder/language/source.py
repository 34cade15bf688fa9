"""From text to raw instructions: directives, comments, continued lines, here-documents. Words get no meaning here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from engine.builder.language.errors import DockerfileError
from engine.builder.language.words import WordError, expand

MOST_BYTES: Final = 16 << 20
MOST_IN_ONE: Final = 2 << 20
"""Characters of one instruction without its here-documents."""
MOST_INSTRUCTIONS: Final = 1500
"""An image tells the history of so many; more of them would be found out at the very end."""
_DIRECTIVES = ("escape", "syntax", "check")
_DIRECTIVE = re.compile(r"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"^(\d*)<<(-?)([^<]*)$")
_TAKES_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})


@dataclass(frozen=True)
class Heredoc:
    """One here-document of an instruction."""

    name: str
    text: str
    expand: bool
    """Variables are put in, unless the name was quoted."""
    strip_tabs: bool
    descriptor: int = 0

    def body(self) -> str:
        return re.sub(r"^\t+", "", self.text, flags=re.MULTILINE) if self.strip_tabs else self.text


@dataclass(frozen=True)
class RawInstruction:
    """One instruction: its keyword and everything after it as one line, continuations joined."""

    keyword: str
    arguments: str
    line: int
    end_line: int
    source: str
    """Its lines as they stand in the file."""
    heredocs: tuple[Heredoc, ...] = ()

    def error(self, problem: str, *, column: int = 1, hint: str = "", docker: str = "") -> DockerfileError:
        return DockerfileError(problem, line=self.line, column=column, source=self.source, hint=hint, docker=docker)

    def column_of(self, text: str) -> int:
        """Where a piece of the arguments stands in the first line, or column 1."""
        found = self.source.split("\n", 1)[0].find(text)
        return found + 1 if found >= 0 else 1


@dataclass(frozen=True)
class Source:
    """A Dockerfile as read."""

    instructions: tuple[RawInstruction, ...]
    escape: str
    directives: dict[str, str]


def read_source(text: str) -> Source:
    """Split a Dockerfile into instructions; raises `DockerfileError`."""
    if len(text) > MOST_BYTES:
        raise DockerfileError("The Dockerfile is larger than 16 MiB")
    return _SourceReader(text).read()


class _SourceReader:
    def __init__(self, text: str) -> None:
        self._lines = text.removeprefix("\ufeff").split("\n")
        if self._lines and self._lines[-1] == "":
            self._lines.pop()
        self._at = 0
        self._escape = "\\"
        self._directives: dict[str, str] = {}

    def read(self) -> Source:
        self._refuse_nul()
        self._read_directives()
        continued = re.compile(rf"(?:^|(?<=[^{re.escape(self._escape)}])){re.escape(self._escape)}[ \t]*\r?$")
        instructions: list[RawInstruction] = []
        while self._at < len(self._lines):
            line = self._lines[self._at].strip()
            if not line or line.startswith("#"):
                self._at += 1
                continue
            instruction = self._read_instruction(continued)
            if instruction is not None:
                instructions.append(instruction)
            if len(instructions) > MOST_INSTRUCTIONS:
                problem = f"The Dockerfile has more than {MOST_INSTRUCTIONS} instructions"
                raise DockerfileError(problem, line=instructions[-1].line)
        if not instructions:
            raise DockerfileError(
                "The Dockerfile has no instructions", docker="the Dockerfile (Dockerfile) cannot be empty"
            )
        return Source(tuple(instructions), self._escape, self._directives)

    def _refuse_nul(self) -> None:
        """No command and no path can hold one; most often the file is text of another kind."""
        for number, line in enumerate(self._lines, start=1):
            if "\0" in line:
                hint = "Is it saved as UTF-16? Save it as UTF-8."
                raise DockerfileError("The Dockerfile holds a NUL", line=number, column=line.index("\0") + 1, hint=hint)

    def _read_directives(self) -> None:
        """Directives stand at the very top; the first line that is none ends them."""
        for number, line in enumerate(self._lines, start=1):
            match = _DIRECTIVE.match(line)
            if match is None or (name := match.group(1).lower()) not in _DIRECTIVES:
                return
            if name in self._directives:
                raise DockerfileError(f"Only one {name} directive can be used", line=number, column=1, source=line)
            value = match.group(2)
            if name == "escape":
                if value not in ("\\", "`"):
                    problem = f"The escape directive must be ` or \\, not {value}"
                    raise DockerfileError(problem, line=number, column=match.start(2) + 1, source=line)
                self._escape = value
            self._directives[name] = value

    def _read_instruction(self, continued: re.Pattern[str]) -> RawInstruction | None:
        first = self._at
        parts: list[str] = []
        stripped = self._lines[self._at].lstrip().rstrip("\r")
        self._at += 1
        while True:
            match = continued.search(stripped)
            parts.append(stripped[: match.start()] if match else stripped)
            if match is None:
                break
            following = self._next_continuation()
            if following is None:
                break
            stripped = following
        joined = "".join(parts).strip()
        if len(joined) > MOST_IN_ONE:
            hint = "Long texts belong into a file of the context, or into a here-document."
            raise DockerfileError("One instruction is longer than 2 MiB", line=first + 1, hint=hint)
        if not joined:
            return None
        keyword, _, arguments = re.sub(r"^(\S+)[\t\v\f\r ]+", r"\1 ", joined).partition(" ")
        keyword = keyword.upper()
        names = self._heredocs_of(keyword, arguments, first)
        heredocs = tuple(self._read_heredoc(name, first) for name in names)
        source = "\n".join(self._lines[first : self._at])
        return RawInstruction(keyword, arguments.strip(), first + 1, self._at, source, heredocs)

    def _next_continuation(self) -> str | None:
        """The next line that counts: comments and empty lines between continued lines are passed over."""
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip("\r")
            self._at += 1
            if line.strip() and not line.lstrip().startswith("#"):
                return line
        return None

    def _heredocs_of(self, keyword: str, arguments: str, first: int) -> list[Heredoc]:
        """The here-documents a line announces, their text still empty."""
        if "<<" not in arguments:
            return []
        if keyword == "ONBUILD":
            keyword, _, arguments = arguments.strip().partition(" ")
            keyword = keyword.upper()
        if keyword not in _TAKES_HEREDOCS or arguments.lstrip().startswith("["):
            return []
        found: list[Heredoc] = []
        for word in _quoted_words(arguments):
            match = _HEREDOC.match(word)
            if match is None:
                continue
            try:
                words = expand(match.group(3), {}, escape=self._escape).words
            except WordError as error:
                raise DockerfileError(str(error), line=first + 1, column=1, source=self._lines[first]) from None
            if len(words) != 1 or "\n" in words[0]:
                continue
            quoted = any(mark in match.group(3) for mark in "\"'")
            found.append(Heredoc(words[0], "", not quoted, match.group(2) == "-", int(match.group(1) or 0)))
        return found

    def _read_heredoc(self, announced: Heredoc, first: int) -> Heredoc:
        lines: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            candidate = line.rstrip("\r")
            if announced.strip_tabs:
                candidate = candidate.lstrip("\t")
            if candidate == announced.name:
                text = "".join(f"{one}\n" for one in lines)
                return Heredoc(announced.name, text, announced.expand, announced.strip_tabs, announced.descriptor)
            lines.append(line)
        problem = f"The here-document {announced.name} does not end"
        hint = f"Put a line with only {announced.name} after its text."
        raise DockerfileError(problem, line=first + 1, column=1, source=self._lines[first], hint=hint)


def _quoted_words(text: str) -> list[str]:
    """Words divided by blanks outside quotes; quotes and escapes stay."""
    return re.findall(r"""(?:[^\s"'\\]++|\\.|"(?:[^"\\]++|\\.)*+"?|'[^']*+'?|\\$)++""", text)
