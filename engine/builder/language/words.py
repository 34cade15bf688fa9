"""Words as a Dockerfile means them: quotes, escapes, and variables with their `:-`, `:+`, `:?`, `#`, `%` and `/` forms.

This is not a shell. A value put in for an unquoted variable is split at blanks when words are asked for, and kept as it
is when one string is asked for; both come from one pass. (BuildKit loses what stands before
a `${v:-word}` when it splits; we keep it.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.builder.language.shell_patterns import BadPattern, ShellPattern

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPECIAL_PARAMETERS = "@*#?-$!0"
_END = ""
# Long stretches in which nothing has a meaning are taken at once: a value may be megabytes.
_LETTERS = re.compile(r"[^\s'\"$\\`/}]++")
_INSIDE_QUOTES = re.compile(r"[^\"$\\`]++")


MOST_CHARACTERS = 1 << 20
"""Of one word with its variables: eight times what the kernel takes as one argument of a program."""
MOST_DEPTH = 50


class WordError(ValueError):
    """The word cannot be read; the message says why, in Docker's words where it has some."""


class Expansion:
    """What one word became: the string, its words, and the variables that were asked for and not set."""

    def __init__(self, text: str, words: list[str], unset: set[str], used: set[str], bare: set[str]) -> None:
        self.text = text
        self.words = words
        self.unset = unset
        self.bare = bare
        """Those of the unset for which the word says nothing else either."""
        self.used = used


def expand(word: str, variables: Mapping[str, str], *, escape: str = "\\") -> Expansion:
    """Expand variables and take quotes and escapes away."""
    reader = _Reader(word, variables, escape)
    text, words = reader.read("")
    return Expansion(text, words, reader.unset, reader.used, reader.bare)


class _Words:
    """Collects words: blanks outside quotes divide them."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._current: list[str] = []
        self._open = False

    def add_character(self, character: str) -> None:
        """An unquoted character of the word itself."""
        if character.isspace():
            self._finish()
        else:
            self._current.append(character)
            self._open = True

    def add_quoted(self, text: str) -> None:
        """Quoted text: kept whole, and a word even if empty."""
        self._current.append(text)
        self._open = True

    def add_value(self, value: str) -> None:
        """The value of an unquoted variable: its blanks divide words."""
        if not value:
            return
        if value[0].isspace():
            self._finish()
        for number, word in enumerate(value.split()):
            if number:
                self._finish()
            self.add_quoted(word)
        if value[-1].isspace():
            self._finish()

    def all(self) -> list[str]:
        self._finish()
        return self._done

    def _finish(self) -> None:
        if self._open:
            self._done.append("".join(self._current))
            self._current, self._open = [], False


class _Reader:
    def __init__(self, word: str, variables: Mapping[str, str], escape: str) -> None:
        self._word = word
        self._at = 0
        self._variables = variables
        self._escape = escape
        self._room = MOST_CHARACTERS
        self._depth = 0
        self.unset: set[str] = set()
        self.bare: set[str] = set()
        self.used: set[str] = set()

    def _counted(self, text: str) -> str:
        """What is put in for a variable, if there is room: two that double each other need few lines for gigabytes."""
        self._room -= len(text)
        if self._room < 0:
            raise WordError(f"with its variables it becomes longer than {MOST_CHARACTERS} characters")
        return text

    def _peek(self) -> str:
        return self._word[self._at] if self._at < len(self._word) else _END

    def _next(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def read(self, stop: str, *, raw_escapes: bool = False) -> tuple[str, list[str]]:
        """Read to `stop` (or to the end); `raw_escapes` keeps escapes and quotes for a pattern read later."""
        text: list[str] = []
        words = _Words()
        while True:
            character = self._peek()
            if character == _END:
                if stop:
                    raise WordError(f"unexpected end of the word, a “{stop}” is missing")
                return "".join(text), words.all()
            if stop and character == stop:
                self._next()
                return "".join(text), words.all()
            if character in "'\"":
                quoted = self._single_quoted(raw=raw_escapes) if character == "'" else self._quoted(raw=raw_escapes)
                text.append(quoted)
                words.add_quoted(quoted)
            elif character == "$":
                value = self._dollar()
                text.append(value)
                words.add_value(value)
            else:
                self._plain(text, words, raw_escapes=raw_escapes)

    def _stretch(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._word, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _plain(self, text: list[str], words: _Words, *, raw_escapes: bool) -> None:
        if letters := self._stretch(_LETTERS):
            text.append(letters)
            words.add_quoted(letters)
            return
        character = self._next()
        if character == self._escape:
            if raw_escapes:
                text.append(character)
                words.add_quoted(character)
            character = self._next()
            if character == _END:
                return
            text.append(character)
            words.add_quoted(character)
            return
        text.append(character)
        words.add_character(character)

    def _single_quoted(self, *, raw: bool) -> str:
        opening = self._at
        end = self._word.find("'", opening + 1)
        if end < 0:
            raise WordError("unexpected end of the word while looking for the matching single quote")
        self._at = end + 1
        return self._word[opening : end + 1] if raw else self._word[opening + 1 : end]

    def _quoted(self, *, raw: bool) -> str:
        opening = self._next()
        out = [opening] if raw else []
        while True:
            out.append(self._stretch(_INSIDE_QUOTES))
            character = self._peek()
            if character == _END:
                raise WordError("unexpected end of the word while looking for the matching double quote")
            if character == '"':
                self._next()
                return "".join([*out, '"'] if raw else out)
            if character == "$":
                out.append(self._dollar())
                continue
            self._next()
            if character == self._escape:
                out.append(self._escaped_in_quotes(raw=raw))
            else:
                out.append(character)

    def _escaped_in_quotes(self, *, raw: bool) -> str:
        following = self._peek()
        if following == _END:
            return self._escape
        self._next()
        # Inside double quotes an escape counts only before what it could protect.
        if raw or following not in ('"', "$", self._escape):
            return self._escape + following
        return following

    def _name(self) -> str:
        first = self._peek()
        if first and first in _SPECIAL_PARAMETERS and not first.isdigit():
            return self._next()
        pattern = r"[0-9]+" if first.isdigit() else r"\w+"
        match = re.compile(pattern).match(self._word, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _lookup(self, name: str) -> str | None:
        self.used.add(name)
        value = self._variables.get(name)
        if value is None:
            self.unset.add(name)
            return None
        return self._counted(value)

    def _bare(self, name: str) -> str:
        value = self._lookup(name)
        if value is None:
            self.bare.add(name)
        return value or ""

    def _dollar(self) -> str:
        self._next()
        if self._peek() != "{":
            name = self._name()
            return self._bare(name) if name else "$"
        self._next()
        if self._peek() == _END:
            raise WordError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise WordError("syntax error: bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._bare(name)
        if operator == "/":
            return self._replaced(name)
        null_is_unset = operator == ":"
        if null_is_unset:
            operator = self._next()
        if operator == _END:
            raise WordError("syntax error: missing '}'")
        if operator not in ("+-?" if null_is_unset else "+-?#%"):
            raise WordError(f"unsupported modifier ({':' * null_is_unset}{operator}) in substitution")
        return self._modified(name, operator, null_is_unset=null_is_unset)

    def _until_brace(self, stop: str, *, raw_escapes: bool) -> str:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise WordError("variables stand too deep within variables")
        try:
            found = self.read(stop, raw_escapes=raw_escapes)[0]
            self._depth -= 1
            return self._counted(found)
        except WordError as error:
            if self._at >= len(self._word) and "missing" in str(error):
                raise WordError(f"syntax error: missing '{stop}' in ${{}}") from None
            raise

    def _modified(self, name: str, operator: str, *, null_is_unset: bool) -> str:
        word = self._until_brace("}", raw_escapes=operator in "#%")
        value = self._lookup(name)
        missing = value is None or (null_is_unset and value == "")
        if operator == "-":
            return word if missing else value or ""
        if operator == "+":
            return "" if missing else word
        if operator == "?":
            if missing:
                problem = word or ("is not allowed to be unset" if value is None else "is not allowed to be empty")
                raise WordError(f"{name}: {problem}")
            return value or ""
        return _trimmed(value or "", word, operator)

    def _replaced(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self._next()
        pattern = self._until_brace("/", raw_escapes=True)
        replacement = _unescaped(self._until_brace("}", raw_escapes=True))
        value = self._lookup(name) or ""
        return self._counted(_read_pattern(pattern, value).replaced(value, replacement, everywhere=everywhere))


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """`${v#p}` and `${v%p}`; doubled, the longest match goes instead of the shortest."""
    longest = pattern.startswith(operator)
    found = _read_pattern(pattern[1:] if longest else pattern, value)
    return (found.without_prefix if operator == "#" else found.without_suffix)(value, longest=longest)


def _read_pattern(pattern: str, value: str) -> ShellPattern:
    try:
        found = ShellPattern.read(pattern)
        found.check_work(value)
    except BadPattern as error:
        raise WordError(str(error)) from None
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
