"""A web server on the loopback that shows files of a directory only to who says the right words, and keeps who came."""

from __future__ import annotations

import functools
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class GuardedFiles:
    """`words` is what the Authorization header has to be; "" lets everybody in."""

    words: str
    host: str = ""
    heard: list[str] = field(default_factory=list)
    """The header of each request."""


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, guarded: GuardedFiles, **named: Any) -> None:
        self._guarded = guarded
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        said = self.headers.get("Authorization", "")
        self._guarded.heard.append(said)
        if self._guarded.words and said != self._guarded.words:
            self.send_error(401)
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """A test is quiet."""


@contextmanager
def guarded_files(directory: Path, words: str = "") -> Iterator[GuardedFiles]:
    guarded = GuardedFiles(words)
    handler = functools.partial(_Handler, guarded=guarded, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        guarded.host = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, name="guarded files")
        thread.start()
        try:
            yield guarded
        finally:
            server.shutdown()
            thread.join()
