"""Pasted text as a shell would take it, as far as that is safe: words, with what a shell would have filled in.

$HOME, $PWD, $(pwd), $UID, $(id -u), $(id -g), $USER and `~` are what they are here. Everything else a shell would have
worked out is marked (`unexpanded`), for it may run programs or depend on what nobody knows. What READMEs add to a line
and no shell would like is forgiven: remarks between the lines, blanks behind a backslash, prompts, curly quotes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engine.recipe.faults import Unreadable, marked
from engine.recipe.words.unexpanded import as_open

if TYPE_CHECKING:
    from engine.recipe.words.here import Here

_PROMPT = re.compile(
    r"^[ \t]*(?:\S*[$#%>]|\[[^\]\n]*\][$#]|PS [^\n>]*>)[ \t]+(?=(?:sudo |docker |podman |nerdctl |wherry ))",
    re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*```[a-zA-Z]*[ \t]*$", re.MULTILINE)
_CONTINUED = re.compile(r"(?:\\[ \t]*(?:#[^\n]*)?|[\^`][ \t]*)\r?\n[ \t]*(?:>[ \t]+)?")
_VARIABLE = re.compile(r"\$(?:env:)?[A-Za-z_][A-Za-z0-9_]*|\$\{[^}\n]{0,400}\}|\$[0-9@*#?!$-]")
_WINDOWS_VARIABLE = re.compile(r"%[A-Za-z_][A-Za-z0-9_]*%")
_PLACEHOLDER = re.compile(r"<[^<>\n|&;$]{1,80}>")
_QUOTES = {"'": "'", '"': '"', "“": "”", "„": "“", "‘": "’"}
_ENDS = ("&&", "||", ";", "&", "|", ">", "<", "2>")
_BLANK = " \t\r"


class Command(NamedTuple):
    """The words of one logical line, and what ended it: "\n" where only the line did."""

    words: list[str]
    end: str


def commands(text: str, here: Here) -> list[Command]:
    return _Reader(_FENCE.sub("", _PROMPT.sub("", text)), here).commands()


class _Reader:
    def __init__(self, text: str, here: Here) -> None:
        self._text = text
        self._here = here
        self._at = 0
        self._found: list[Command] = []
        self._words: list[str] = []
        self._word: list[str] | None = None

    def commands(self) -> list[Command]:
        while self._at < len(self._text):
            self._step()
        self._end_command("\n")
        return self._found

    def _step(self) -> None:
        letter = self._text[self._at]
        continued = _CONTINUED.match(self._text, self._at)
        if continued or letter in _BLANK:
            self._end_word()
            self._at = continued.end() if continued else self._at + 1
        elif letter == "\n":
            self._end_command("\n")
            self._at += 1
        elif letter == "#" and self._word is None:
            self._skip_remark()
        elif letter in _QUOTES:
            self._quoted(_QUOTES[letter])
        elif letter == "\\" and self._at + 1 < len(self._text):
            self._add(self._text[self._at + 1], 2)
        elif placeholder := _PLACEHOLDER.match(self._text, self._at):
            self._add(as_open(placeholder[0]), len(placeholder[0]))
        elif end := self._end_here():
            self._end_command(end)
            self._at += len(end)
        elif self._word is None and letter in "~–—":
            self._add(self._first_letter(letter), 1)
        elif not self._expansion():
            self._add(letter, 1)

    def _first_letter(self, letter: str) -> str:
        """What a word begins with: home, or the dashes that a text program made one long one of."""
        following = self._text[self._at + 1 : self._at + 2]
        if letter == "~":
            return self._here.home if following in ("", "/", ":", *" \t\n") else letter
        return "-" if following in ("-", "–") else "--"

    def _end_here(self) -> str:
        for end in _ENDS:
            if self._text.startswith(end, self._at) and not (end == "2>" and self._word is not None):
                return end
        return ""

    def _skip_remark(self) -> None:
        """To the end of its line, which ends nothing: people write remarks between the lines of one command."""
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end + 1

    def _quoted(self, close: str) -> None:
        self._add("", 1)
        while True:
            if self._at >= len(self._text):
                raise Unreadable(marked("Recipe", "A quote is not closed"))
            letter = self._text[self._at]
            if letter == close:
                self._at += 1
                return
            if close == '"' and letter == "\\" and self._text[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\"):
                self._add(self._text[self._at + 1], 2)
            elif close == '"' and letter == "\\" and self._text.startswith("\\\n", self._at):
                self._at += 2
            elif close == "'" or not self._expansion():
                self._add(letter, 1)

    def _expansion(self) -> bool:
        """Take a piece a shell would fill in; False where none begins here."""
        text, at = self._text, self._at
        if text.startswith("$(", at):
            end = self._closing_parenthesis()
            piece = text[at:end]
            value = self._command_output(piece[2:-1])
        elif text[at] == "`":
            end = text.find("`", at + 1) + 1
            if end <= 0:
                return False
            piece = text[at:end]
            value = "" if piece[1:-1].lstrip().startswith("#") else self._command_output(piece[1:-1])
        elif variable := (_VARIABLE.match(text, at) or _WINDOWS_VARIABLE.match(text, at)):
            piece = variable[0]
            value = self._variable(piece)
        else:
            return False
        if value == "" and self._word is None:
            # `#optional`: nothing comes of it, not even an empty word.
            self._at += len(piece)
        else:
            self._add(as_open(piece) if value is None else value, len(piece))
        return True

    def _closing_parenthesis(self) -> int:
        depth = 0
        for position in range(self._at + 1, len(self._text)):
            depth += {"(": 1, ")": -1}.get(self._text[position], 0)
            if not depth:
                return position + 1
        raise Unreadable(marked("Recipe", "A parenthesis is not closed"))

    def _command_output(self, command: str) -> str | None:
        user = self._here.environment.get("USER")
        known = {
            "pwd": self._here.directory,
            "id -u": str(self._here.uid),
            "id -g": str(self._here.gid),
            "whoami": user,
            "id -un": user,
        }
        plain = " ".join(command.split())
        plain = re.sub(r"^id -(u|g) (?:\$USER|\"\$USER\"|\$\(whoami\))$", r"id -\1", plain)
        return known.get(plain)

    def _variable(self, piece: str) -> str | None:
        known = {
            "HOME": self._here.home,
            "PWD": self._here.directory,
            "UID": str(self._here.uid),
            "USER": self._here.environment.get("USER"),
        }
        return known.get(piece.strip("${}")) if piece.startswith("$") else None

    def _add(self, text: str, length: int) -> None:
        if self._word is None:
            self._word = []
        self._word.append(text)
        self._at += length

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append("".join(self._word))
            self._word = None

    def _end_command(self, end: str) -> None:
        self._end_word()
        if self._words or end != "\n":
            self._found.append(Command(self._words, end))
        self._words = []
