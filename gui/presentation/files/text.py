"""The bytes of a text file as lines to edit, and back: what was not edited stays as it was, byte for byte.

Encoding, line ends, the last newline, and signs that an editor's document would take for something else (a lone
carriage return, paragraph separators) are kept. What is not text is not one.
"""

from __future__ import annotations

import codecs
import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NO_TEXT = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_NO_LATIN = re.compile("[\x80-\x9f]")
_BREAKS = "\r\u2029\ufdd0\ufdd1"
"""Signs inside a line at which the document of an editor would begin a new one."""
_STAND_INS = range(0xF8F0, 0xF900)
_MOST_COMPARED = 20_000
"""Changed lines in the middle of a file that are compared one by one; a larger part counts as written anew."""


class NotInThisEncoding(ValueError):
    """What was typed cannot be written as the file is: the sign, and the encoding."""

    def __init__(self, sign: str, encoding: str) -> None:
        super().__init__(f"“{sign}” cannot be written in {encoding}")
        self.sign, self.encoding = sign, encoding


@dataclass(frozen=True, slots=True)
class FileText:
    """Lines without their ends, and the ends; the last line has none."""

    lines: tuple[str, ...]
    ends: tuple[str, ...]
    encoding: str
    prefix: bytes = b""

    @classmethod
    def of(cls, data: bytes) -> FileText | None:
        """None where these bytes are no text."""
        prefix, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
        try:
            text = data[len(prefix) :].decode(encoding)
        except UnicodeDecodeError:
            if prefix:
                return None
            encoding, text = "iso-8859-1", data.decode("iso-8859-1")
            if _NO_LATIN.search(text):
                return None
        if _NO_TEXT.search(text):
            return None
        parts = text.split("\n")
        lines, ends = [], []
        for part in parts[:-1]:
            lines.append(part.removesuffix("\r"))
            ends.append("\r\n" if part.endswith("\r") else "\n")
        made = cls((*lines, parts[-1]), (*ends, ""), encoding, prefix)
        return made if made._stand_ins() is not None else None

    @property
    def encoding_name(self) -> str:
        """ "UTF-8", "ISO-8859-1", "UTF-16"."""
        return self.encoding.upper().removesuffix("-LE").removesuffix("-BE")

    @property
    def line_end_name(self) -> str:
        return "CRLF" if self._usual_end() == "\r\n" else "LF"

    def shown(self) -> str:
        """For the editor: lines joined by newlines."""
        return "\n".join(self.lines).translate({ord(sign): stand_in for sign, stand_in in self._table().items()})

    def edited(self, shown: Sequence[str]) -> bytes:
        """The file's bytes with these lines, as the editor has them, in place of those it was given."""
        back = {ord(stand_in): sign for sign, stand_in in self._table().items()}
        lines = [line.translate(back) for line in shown] if back else list(shown)
        ends = self._ends_for(lines)
        text = "".join(line + end for line, end in zip(lines, ends, strict=True))
        try:
            return self.prefix + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise NotInThisEncoding(text[error.start], self.encoding_name) from error

    # --- inside ---

    def _ends_for(self, lines: list[str]) -> list[str]:
        """A line that was there keeps its end; a new one gets that of the line it replaces, or the usual one."""
        usual = self._usual_end()
        ends = [usual] * len(lines)
        for old, new, count in self._same(lines):
            ends[new : new + count] = [end or usual for end in self.ends[old : old + count]]
        if len(lines) == len(self.lines):
            ends = [
                (self.ends[row] or usual) if line != self.lines[row] else end
                for row, (line, end) in enumerate(zip(lines, ends, strict=True))
            ]
        ends[-1] = ""
        return ends

    def _same(self, lines: list[str]) -> list[tuple[int, int, int]]:
        """(first old line, first new line, how many) that are the same."""
        old = self.lines
        head = 0
        while head < min(len(old), len(lines)) and old[head] == lines[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(lines)) - head and old[-1 - tail] == lines[-1 - tail]:
            tail += 1
        middle_old, middle_new = old[head : len(old) - tail], lines[head : len(lines) - tail]
        blocks = [(0, 0, head), (len(old) - tail, len(lines) - tail, tail)]
        if middle_old and middle_new and max(len(middle_old), len(middle_new)) <= _MOST_COMPARED:
            matcher = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False)
            blocks += [(block.a + head, block.b + head, block.size) for block in matcher.get_matching_blocks()]
        return [block for block in blocks if block[2]]

    def _usual_end(self) -> str:
        return "\r\n" if self.ends.count("\r\n") * 2 > len(self.ends) - 1 else "\n"

    def _table(self) -> Mapping[str, str]:
        return self._stand_ins() or {}

    def _stand_ins(self) -> Mapping[str, str] | None:
        """A sign the file does not have for each that the editor could not hold; None where none is left."""
        whole = "\n".join(self.lines)
        wanted = [sign for sign in _BREAKS if sign in whole]
        free = [chr(code) for code in _STAND_INS if chr(code) not in whole]
        return dict(zip(wanted, free, strict=False)) if len(free) >= len(wanted) else None
