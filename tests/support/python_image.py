"""A Python image made of this machine's own interpreter, and a package index on loopback: nothing is pulled."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import re
import subprocess
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.images import busybox_layer, docker_archive, layer_tar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.images import File

PYTHON = Path("/usr/bin/python3").resolve()
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_LEFT_OUT = ("test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "__pycache__", "config-3", "pydoc_data")


def python_archive(reference: str, more: Sequence[File] = ()) -> bytes:
    """A docker-archive: busybox below, the interpreter, its library, its shared objects and pip above."""
    config = {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["python3"]}
    layers = [busybox_layer(), _python_layer(), *([layer_tar(more)] if more else [])]
    return docker_archive(layers, reference=reference, config=config)


def _python_layer() -> bytes:
    library = Path("/usr/lib") / PYTHON.name
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in (PYTHON, *_shared_objects()):
            archive.add(path.resolve(), _inside(path), filter=_plain)
        archive.add(library, _inside(library), filter=_plain)
        for wheel in Path("/usr/share/python-wheels").glob("*.whl"):
            archive.add(wheel, _inside(wheel), filter=_plain)
        # Newer ones of Debian's pip do not even start without it.
        archive.add(_AUTHORITIES.resolve(), _inside(_AUTHORITIES), filter=_plain)
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, PYTHON.name
        archive.addfile(link)
    return buffer.getvalue()


def _inside(path: Path) -> str:
    return str(path).lstrip("/")


def _shared_objects() -> list[Path]:
    """What the interpreter and its extension modules are linked against."""
    extensions = (Path("/usr/lib") / PYTHON.name / "lib-dynload").glob("_[hsz]*.so")
    listing = subprocess.run(["ldd", str(PYTHON), *map(str, extensions)], check=True, capture_output=True, text=True)
    return [Path(path) for path in sorted(set(re.findall(r"(/\S+\.so\S*) \(0x", listing.stdout)))]


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if any(part.startswith(_LEFT_OUT) for part in Path(info.name).parts[3:]):
        return None
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def wheel(name: str, version: str, module: str) -> bytes:
    """A package of one module, as pip installs it."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_record_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return buffer.getvalue()


def _record_digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


@contextmanager
def package_index(files: dict[str, bytes]) -> Iterator[str]:
    """Serve wheels by name as a simple index; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            page = "".join(f'<a href="/files/{one}">{one}</a>' for one in files).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if name in files else "text/html")
            self.end_headers()
            self.wfile.write(files.get(name, page))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()
