"""A way to a port of this computer as if it were far away: ssh's ProxyCommand. Late, and now and then a piece has to
be sent again, behind which all others wait.

python -m tests.support.slow_line HOST PORT
"""

from __future__ import annotations

import os
import random
import socket
import sys
import threading
import time
from queue import Queue

_SECONDS, _MORE = 0.05, 0.06
_LOST, _LOST_SECONDS = 0.002, 1.0
_PIECE = 1 << 15
_UNDER_WAY = 256
"""Pieces: a line takes no more than it can hold."""


def carry(source: int, target: int) -> None:
    pieces: Queue[tuple[float, bytes]] = Queue(_UNDER_WAY)

    def deliver() -> None:
        while True:
            due, data = pieces.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                os._exit(0)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(target, rest) :]

    threading.Thread(target=deliver, daemon=True).start()
    due = 0.0
    while True:
        data = os.read(source, _PIECE)
        late = _SECONDS + random.random() * _MORE + (_LOST_SECONDS if random.random() < _LOST else 0.0)
        due = max(due, time.monotonic() + late)
        pieces.put((due, data))
        if not data:
            return


def main() -> None:
    line = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    threading.Thread(target=carry, args=(line.fileno(), 1), daemon=True).start()
    carry(0, line.fileno())
    time.sleep(60)


if __name__ == "__main__":
    main()
