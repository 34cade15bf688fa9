"""The keys that let go of a terminal: how they are written, and finding them in what a client types."""

from __future__ import annotations

from engine.api.http.statuses import Refusal

USUAL = b"\x10\x11"
"""ctrl-p, ctrl-q."""
_MOST_KEYS = 64
_CONTROL = {f"ctrl-{chr(code + 96)}": code for code in range(1, 27)} | {
    "ctrl-@": 0, "ctrl-[": 27, "ctrl-\\": 28, "ctrl-]": 29, "ctrl-^": 30, "ctrl-_": 31, "del": 127,
}  # fmt: skip


def detach_keys(text: str) -> bytes:
    """ "ctrl-p,ctrl-q" as bytes; "" is the usual ones."""
    if not text:
        return USUAL
    names = text.split(",")
    if len(names) > _MOST_KEYS:
        raise Refusal(400, "Invalid detach keys provided: there are too many")
    return bytes(_key(name, text) for name in names)


def _key(name: str, text: str) -> int:
    if len(name) == 1 and name.isascii():
        return ord(name)
    code = _CONTROL.get(name.lower())
    if code is None:
        raise Refusal(400, f"Invalid detach keys ({text[:80]}) provided: Unknown character: {name[:20]!r}")
    return code


class DetachWatch:
    """Looks for the keys in input that comes in pieces. A beginning of them is held back until it is clear."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0
        self.detached = False

    def feed(self, data: bytes) -> bytes:
        """What of it goes on to the process. Nothing does any more once the keys were complete."""
        if self._matched == 0 and self._keys[0] not in data:
            return data
        passed = bytearray()
        for byte in data:
            if byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self.detached = True
                    break
                continue
            passed += self._keys[: self._matched]
            self._matched = 1 if byte == self._keys[0] else 0
            if not self._matched:
                passed.append(byte)
        return bytes(passed)
