"""A disk that forgets: a file shown through FUSE, of which it is known what was written since the last flush.

A loop device on it passes on every write and flush of the file system above, as a real disk gets them. When the power
is cut, any part of what came since the last flush may be on the disk, in any order, and the rest is not.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

_HEADER = struct.Struct("<IIQQIIIHH")
_MOST = 1 << 20
_PATIENCE = 3.0
_SECTOR = 512
_GETATTR, _SETATTR, _OPEN, _READ, _WRITE, _STATFS, _RELEASE, _FSYNC, _FLUSH, _INIT = (
    3,
    4,
    14,
    15,
    16,
    17,
    18,
    20,
    25,
    26,
)
_UNANSWERED = (2, 36, 42)  # forget, interrupt, batch forget
_BIG_WRITES, _MAX_PAGES = 1 << 5, 1 << 22


class LossyDisk:
    """Shown at the place of the file itself, until `close`."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._file = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        self._size = os.fstat(self._file).st_size
        self._lock = threading.Lock()
        self._unflushed: list[tuple[int, bytes, bytes]] = []
        """Where, what was there, what came."""
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            _INIT: self._init, _GETATTR: self._attributes, _SETATTR: self._attributes, _OPEN: lambda _: bytes(16),
            _READ: self._read, _WRITE: self._write, _FSYNC: self._flush, _FLUSH: lambda _: b"",
            _RELEASE: lambda _: b"", _STATFS: lambda _: bytes(80),
        }  # fmt: skip
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode={stat.S_IFREG:o},user_id=0,group_id=0,allow_other"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"lossy", os.fsencode(file), b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "the disk could not be shown", str(file))
        self._thread = threading.Thread(target=self._serve, name="disk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self._path)], check=True)
        self._thread.join()
        os.close(self._file)

    @contextlib.contextmanager
    def stopped(self, unflushed: int) -> Iterator[None]:
        """From a moment when so many writes wait for a flush, or the best moment of a few seconds: it answers nobody.
        So nothing can be acknowledged meanwhile that must be on a disk."""
        end = time.monotonic() + _PATIENCE
        while True:
            with self._lock:
                if len(self._unflushed) >= unflushed or time.monotonic() > end:
                    yield
                    return
            time.sleep(0.0005)

    def cut(self, target: Path, dice: random.Random) -> int:
        """What is on the disk if the power goes now; how many writes are lost or torn. Only while it is stopped."""
        source = f"/proc/{os.getpid()}/fd/{self._file}"
        subprocess.run(["cp", "--sparse=always", source, str(target)], check=True)
        unflushed = self._unflushed
        fate = dice.choice((0.0, 0.3, 0.5, 0.8, 0.95))
        lost = 0
        copy = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
        try:
            for offset, before, _ in reversed(unflushed):
                os.pwrite(copy, before, offset)
            for offset, _, came in unflushed:
                kept = len(came)
                if dice.random() >= fate:
                    kept = dice.randrange(len(came) // _SECTOR + 1) * _SECTOR if dice.random() < 0.2 else 0
                lost += kept < len(came)
                os.pwrite(copy, came[:kept], offset)
        finally:
            os.close(copy)
        return lost

    # --- what the kernel asks ---

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # it is taken away
            while asked := os.read(self._device, _MOST + (64 << 10)):
                _, opcode, unique, *_ = _HEADER.unpack_from(asked)
                if opcode in _UNANSWERED:
                    continue
                code, answer = 0, b""
                if opcode in self._answers:
                    with self._lock:
                        answer = self._answers[opcode](asked[_HEADER.size :])
                else:
                    code = -errno.ENOSYS
                os.write(self._device, struct.pack("<IiQ", 16 + len(answer), code, unique) + answer)
        os.close(self._device)

    def _init(self, asked: bytes) -> bytes:
        _, _, ahead, flags = struct.unpack_from("<IIII", asked)
        flags &= _BIG_WRITES | _MAX_PAGES
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, ahead, flags, 12, 9, _MOST, 1, _MOST >> 12, 0, 0)

    def _attributes(self, _asked: bytes) -> bytes:
        mode = stat.S_IFREG | 0o600
        return struct.pack("<QII QQQQQQ III IIIIIII", 3600, 0, 0, 1, self._size, self._size >> 9, 0, 0, 0, 0, 0, 0,
                           mode, 1, 0, 0, 0, 4096, 0)  # fmt: skip

    def _read(self, asked: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", asked)
        return os.pread(self._file, size, offset)

    def _write(self, asked: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", asked)
        came = asked[40 : 40 + size]
        self._unflushed.append((offset, os.pread(self._file, size, offset), came))
        os.pwrite(self._file, came, offset)
        return struct.pack("<II", size, 0)

    def _flush(self, _asked: bytes) -> bytes:
        self._unflushed.clear()
        return b""
