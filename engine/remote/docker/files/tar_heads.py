"""The heads of a tar as it streams by, and the contents of its first file; nothing is kept that was not asked for."""

from __future__ import annotations

import tarfile

from engine.errors import Code, MachineError

_BLOCK = 512
_LARGEST_HEAD = 1 << 20
_EXTENSIONS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
               tarfile.GNUTYPE_LONGLINK)  # fmt: skip


class TarHeads:
    """Fed with pieces. `entries` has every head so far, `contents` the first `keep` bytes of the first file."""

    def __init__(self, *, keep: int) -> None:
        self.entries: list[tarfile.TarInfo] = []
        self.contents = bytearray()
        self.whole = False
        """The first file is through."""
        self.total = 0
        self._keep = keep
        self._kept = bytearray()
        self._extensions = bytearray()
        self._left = 0
        self._padding = 0
        self._wanted = False

    def feed(self, data: bytes) -> None:
        try:
            self._feed(data)
        except tarfile.TarError as error:
            raise MachineError("What the engine said cannot be read", str(error), code=Code.BAD_RESPONSE) from None

    def _feed(self, data: bytes) -> None:
        self.total += len(data)
        self._kept += data
        while self._kept:
            if self._left:
                self._pass_contents()
            elif self._padding:
                step = min(self._padding, len(self._kept))
                del self._kept[:step]
                self._padding -= step
            elif len(self._kept) < _BLOCK or not self._head():
                return

    def _pass_contents(self) -> None:
        step = min(self._left, len(self._kept))
        if self._wanted and len(self.contents) < self._keep:
            self.contents += self._kept[: min(step, self._keep - len(self.contents))]
        del self._kept[:step]
        self._left -= step
        if not self._left and self._wanted:
            self.whole = True

    def _head(self) -> bool:
        """One header with the extensions before it; False where more bytes are needed."""
        block = bytes(self._kept[:_BLOCK])
        if block == bytes(_BLOCK):
            del self._kept[:_BLOCK]
            return True
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        padded = info.size + -info.size % _BLOCK
        if info.type in _EXTENSIONS:
            if padded > _LARGEST_HEAD:
                raise tarfile.HeaderError("a header is too large")
            if len(self._kept) < _BLOCK + padded:
                return False
            self._extensions += self._kept[: _BLOCK + padded]
            del self._kept[: _BLOCK + padded]
            return True
        del self._kept[:_BLOCK]
        self._take(info, block)
        return True

    def _take(self, info: tarfile.TarInfo, block: bytes) -> None:
        if self._extensions:
            import io

            whole = bytes(self._extensions) + block
            with tarfile.open(fileobj=io.BytesIO(whole + bytes(2 * _BLOCK)), mode="r:", ignore_zeros=True) as archive:
                found = archive.next()
            self._extensions.clear()
            info = found or info
        self._left = info.size if info.isreg() else 0
        self._padding = -self._left % _BLOCK
        self._wanted = not self.entries and info.isreg()
        self.whole = self.whole or (self._wanted and not self._left)
        self.entries.append(info)
