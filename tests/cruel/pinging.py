"""One who asks an engine for a ping, again and again, from a process of its own: what its answers take is the engine's.

SOCKET PID TOLD      until SIGTERM; then TOLD has the milliseconds of each, sorted

Also told: each less the time that the engine's loop or this process stood in a queue for a processor, which is what the
machine's other work took from it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

_PAUSE_SECONDS = 0.01
_ASKED = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"


class Queue:
    """How long a process's first thread has stood in the queue for a processor."""

    def __init__(self, pid: int) -> None:
        self._file = os.open(f"/proc/{pid}/task/{pid}/schedstat", os.O_RDONLY)

    def seconds(self) -> float:
        return int(os.pread(self._file, 100, 0).split()[1]) / 1e9


def main() -> None:
    path, pid, told = sys.argv[1:]
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    queues = (Queue(int(pid)), Queue(os.getpid()))
    taken, own = [], []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        while not leaving:
            waited, begun = sum(each.seconds() for each in queues), time.perf_counter()
            connection.sendall(_ASKED)
            answer = b""
            while not answer.endswith(b"OK"):
                piece = connection.recv(4096)
                if not piece:
                    raise ConnectionError("the engine is gone")
                answer += piece
            took = time.perf_counter() - begun
            taken.append(took * 1000)
            own.append(max(0.0, took - (sum(each.seconds() for each in queues) - waited)) * 1000)
            time.sleep(_PAUSE_SECONDS)
    Path(told).write_text(json.dumps({"taken": sorted(taken), "own": sorted(own)}))


if __name__ == "__main__":
    main()
