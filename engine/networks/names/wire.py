"""As much of the format of DNS messages as answers about neighbours take (RFC 1035, 6891)."""

from __future__ import annotations

import struct

TYPE_CHECKING = False  # the typing module itself would cost a third of the start
if TYPE_CHECKING:
    from collections.abc import Sequence

A, PTR, AAAA, OPT, ANY = 1, 12, 28, 41, 255
IN = 1
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR, NOT_IMPLEMENTED, REFUSED, BAD_VERSION = 0, 1, 2, 3, 4, 5, 16
HEADER = struct.Struct("!HHHHHH")
LEAST_SIZE = 512
"""What anybody takes who does not say more."""
OUR_SIZE = 1232
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION_AVAILABLE = 0x8000, 0x0400, 0x0200, 0x0080
_OPCODE, _RECURSION_DESIRED, _CHECKING_DISABLED = 0x7800, 0x0100, 0x0010
_POINTER_TO_QUESTION = b"\xc0\x0c"
_RECORD = struct.Struct("!HHIH")


class Malformed(Exception):
    """Bytes that are no question."""


class Question:
    """One question as it came."""

    __slots__ = ("end", "flags", "has_options", "kind", "name", "raw", "size", "version")

    def __init__(self, raw: bytes) -> None:
        """Only what asks one question is one; whatever else the sender may mean, nobody answers it."""
        if len(raw) < HEADER.size:
            raise Malformed
        _, self.flags, questions, answers, authorities, additional = HEADER.unpack_from(raw)
        if self.flags & _RESPONSE or questions != 1 or answers or authorities:
            raise Malformed
        self.raw = raw
        self.name, at = read_name(raw, HEADER.size)
        if at + 4 > len(raw):
            raise Malformed
        self.kind = int.from_bytes(raw[at : at + 2], "big")
        self.end = at + 4
        self.has_options, self.size, self.version = False, LEAST_SIZE, 0
        # Options stand first, or behind something that we do not speak; then it is as if they were not there.
        if additional and raw[self.end : self.end + 3] == b"\0\0\x29" and self.end + 11 <= len(raw):
            self.has_options = True
            self.size = max(LEAST_SIZE, int.from_bytes(raw[self.end + 3 : self.end + 5], "big"))
            self.version = raw[self.end + 6]

    @property
    def is_standard(self) -> bool:
        return not self.flags & _OPCODE

    @property
    def asked(self) -> bytes:
        """The question itself, as it is repeated in an answer."""
        return self.raw[HEADER.size : self.end]


def read_name(raw: bytes, at: int) -> tuple[str, int]:
    """A name without pointers, in small letters and without its last dot; and where it ends."""
    labels = []
    while True:
        if at >= len(raw):
            raise Malformed
        length = raw[at]
        if length == 0:
            break
        if length > 63 or at + 1 + length > len(raw):
            raise Malformed
        labels.append(raw[at + 1 : at + 1 + length])
        at += 1 + length
        if at > HEADER.size + 255:
            raise Malformed
    return b".".join(labels).lower().decode("latin-1"), at + 1


def encode_name(name: str) -> bytes:
    parts = name.rstrip(".").encode("utf-8", "replace").split(b".")
    return b"".join(bytes([len(part)]) + part for part in parts if 0 < len(part) < 64) + b"\0"


def answer(question: Question, code: int, data: Sequence[bytes] = (), *, limit: int = 0) -> bytes:
    """The whole message but for its first two bytes, which are the asker's. Every datum is of the kind asked for, and
    good for this moment only. What is longer than `limit` is cut off behind the question, which sends the asker to TCP.
    """
    flags = _RESPONSE | _RECURSION_AVAILABLE | question.flags & (_OPCODE | _RECURSION_DESIRED | _CHECKING_DISABLED)
    if code in (NO_ERROR, NAME_ERROR):
        flags |= _AUTHORITATIVE
    options = b""
    if question.has_options:
        options = b"\0" + struct.pack("!HHBBHH", OPT, OUR_SIZE, code >> 4, 0, 0, 0)
    records = b"".join(_POINTER_TO_QUESTION + _RECORD.pack(question.kind, IN, 0, len(each)) + each for each in data)
    count = len(data)
    if limit and HEADER.size + len(question.asked) + len(records) + len(options) > limit:
        flags, records, count = flags | _TRUNCATED, b"", 0
    head = HEADER.pack(0, flags | code & 15, 1, count, 0, 1 if options else 0)
    return head[2:] + question.asked + records + options


def is_answer_to(reply: bytes, number: bytes, asked: bytes) -> bool:
    """Whether a message has the number and the question we sent: whatever else arrives, somebody made up."""
    if len(reply) < HEADER.size + len(asked) or reply[:2] != number or not reply[2] & 0x80:
        return False
    return reply[4:6] == b"\0\1" and reply[HEADER.size : HEADER.size + len(asked)].lower() == asked.lower()


def cut(reply: bytes, limit: int, end: int) -> bytes:
    """A forwarded answer that is longer than the asker takes: only its question, and where to get the rest."""
    if len(reply) <= limit:
        return reply
    head = bytearray(reply[: HEADER.size])
    head[2] |= _TRUNCATED >> 8
    head[6:12] = bytes(6)
    return bytes(head) + reply[HEADER.size : end]
