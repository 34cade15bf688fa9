"""The demo image: a small service to meet Wherry with, made here and now from the host's static busybox, offline.

Its layers are built as a real image's would be, with the waste real images have, so that the layer inspector has
something to show: a page that is replaced, leftovers that a later step removes, a file copied only for its mode.
"""

from __future__ import annotations

import asyncio
import io
import struct
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import HostError
from engine.images.known import configs, platforms
from engine.processes.ask import ask
from engine.types.containers import HealthCheck
from engine.types.images import ImageConfig, LayerPhase
from resources import resource

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.images.known.records import LayerRecord
    from engine.images.making import Maker
    from engine.operations.registry import Progress

REFERENCE: Final = "wherry/demo:latest"
_BUSYBOX: Final = (Path("/bin/busybox"), Path("/usr/bin/busybox"), Path("/usr/lib/busybox/busybox-static"))
_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PORT: Final = "8080/tcp"
_LARGEST_BUSYBOX: Final = 16 << 20
_ELF_INTERPRETER: Final = 3


@dataclass(frozen=True)
class _Entry:
    path: str
    data: bytes = b""
    mode: int = 0o644
    link: str = ""
    directory: bool = False


@dataclass(frozen=True)
class _Step:
    """One layer, and the line that would have made it."""

    line: str
    entries: Sequence[_Entry]


async def make_demo(maker: Maker, progress: Progress) -> str:
    """Gives the reference. The same busybox gives the same image, byte for byte."""
    progress.status("Looking for a static busybox")
    steps = await asyncio.to_thread(_steps)
    records: list[LayerRecord] = []
    with ExitStack() as pins:
        for number, step in enumerate(steps):
            title = f"step {number + 1}"
            tar = await asyncio.to_thread(_tar, step.entries)
            progress.layer(title, LayerPhase.UNPACKING, 0, len(tar))
            records.append(await maker.take_layer(_whole(tar), pins))
            progress.layer(title, LayerPhase.DONE, len(tar), len(tar))
        await maker.keep(_document(steps, records), records, REFERENCE, action="load")
    return REFERENCE


def _document(steps: Sequence[_Step], records: Sequence[LayerRecord]) -> bytes:
    host = platforms.host_platform()
    return configs.encode_document(
        architecture=host.architecture,
        system=host.os,
        variant=host.variant,
        config=_config(),
        diff_ids=[record.diff_id for record in records],
        history=_history(steps),
        created=_MADE,
    )


def _config() -> ImageConfig:
    return ImageConfig(
        env=("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TICK_SECONDS=5"),
        command=("demo-service",),
        workdir="/www",
        exposed_ports=(_PORT,),
        volumes=("/data",),
        stop_signal="SIGTERM",
        labels={
            "org.opencontainers.image.title": "Wherry demo",
            "org.opencontainers.image.description": "A page, a log and a heartbeat, to try Wherry with",
            "org.opencontainers.image.version": "1",
        },
        health=HealthCheck(
            test=("CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/cgi-bin/status"),
            interval=10.0,
            timeout=3.0,
            start_period=5.0,
            retries=3,
        ),
    )


def _history(steps: Sequence[_Step]) -> list[dict[str, Any]]:
    created = configs.format_time(_MADE)
    lines: list[dict[str, Any]] = [{"created": created, "created_by": step.line} for step in steps]
    config = ("ENV TICK_SECONDS=5", "WORKDIR /www", f"EXPOSE {_PORT}", "VOLUME /data", "STOPSIGNAL SIGTERM",
              "HEALTHCHECK --interval=10s --timeout=3s CMD wget -q -O /dev/null http://127.0.0.1:8080/cgi-bin/status",
              'CMD ["demo-service"]')  # fmt: skip
    return lines + [{"created": created, "created_by": line, "empty_layer": True} for line in config]


def _steps() -> list[_Step]:
    busybox, applets = _busybox()
    site = resource("demo/site")
    programs = resource("demo/bin")
    service = (programs / "demo-service").read_bytes()
    leftovers = [_Entry(f"tmp/build/part-{number}.o", _filler(number, 96 * 1024)) for number in range(4)]
    pages = [_Entry(f"www/{name}", (site / name).read_bytes()) for name in ("index.html", "style.css", "wherry.svg")]
    return [
        _Step("ADD busybox /", _base(busybox, applets)),
        _Step("COPY draft.html /www/index.html", [
            _folder("www"), _Entry("www/index.html", (site / "draft.html").read_bytes()),
        ]),
        _Step("COPY demo-service /usr/bin/", [_Entry("usr/bin/demo-service", service)]),
        _Step("RUN make -C /tmp/build pages", [
            _folder("tmp", 0o1777), _folder("tmp/build"), *leftovers, _folder("www"), *pages, _folder("www/cgi-bin"),
            _Entry("www/cgi-bin/status", (programs / "status").read_bytes(), 0o755),
        ]),
        _Step("RUN rm -rf /tmp/build", [_folder("tmp", 0o1777), _Entry("tmp/.wh.build")]),
        _Step("RUN chmod 755 /usr/bin/demo-service", [_Entry("usr/bin/demo-service", service, 0o755)]),
    ]  # fmt: skip


def _base(busybox: bytes, applets: Sequence[str]) -> list[_Entry]:
    folders = ("bin", "data", "dev", "etc", "proc", "root", "run", "sbin", "sys", "usr", "usr/bin", "usr/sbin", "var")
    return [
        *(_folder(name) for name in folders),
        _folder("tmp", 0o1777),
        _Entry("bin/busybox", busybox, 0o755),
        *(_Entry(f"bin/{applet}", link="busybox", mode=0o777) for applet in applets),
        _Entry("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
        _Entry("etc/group", b"root:x:0:\nnogroup:x:65534:\n"),
        _Entry("etc/os-release", b'NAME="Wherry demo"\nID=wherry-demo\nPRETTY_NAME="Wherry demo"\n'),
        _Entry("etc/httpd.conf", b"A:*\n"),
    ]


def _busybox() -> tuple[bytes, list[str]]:
    """The host's busybox, if it is one that runs on its own; and the names it answers to."""
    for path in _BUSYBOX:
        if path.is_file() and path.stat().st_size <= _LARGEST_BUSYBOX and is_static(data := path.read_bytes()):
            names = ask([str(path), "--list"]).output.split()
            applets = [name for name in names if name.replace("-", "").replace("_", "").isalnum() or name == "["]
            return data, sorted({"sh", *applets} - {"busybox"})
    raise HostError(
        "The demo needs a static busybox",
        "The demo image is made from the host's own, and this host has none.",
        hint="Install it with: sudo apt install busybox-static",
    )


def is_static(data: bytes) -> bool:
    """An ELF program that asks for no dynamic linker."""
    if data[:4] != b"\x7fELF" or data[4:5] not in (b"\x01", b"\x02"):
        return False
    wide = data[4] == 2
    order = "<" if data[5] == 1 else ">"
    try:
        (start,) = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)
        size, count = struct.unpack_from(f"{order}HH", data, 54 if wide else 42)
        kinds = [struct.unpack_from(f"{order}I", data, start + number * size)[0] for number in range(count)]
    except struct.error:
        return False
    return _ELF_INTERPRETER not in kinds


def _folder(path: str, mode: int = 0o755) -> _Entry:
    return _Entry(path, mode=mode, directory=True)


def _filler(seed: int, size: int) -> bytes:
    """Something that looks like build output and compresses like it, always the same."""
    line = b"".join(b"%08x " % (number * 2654435761 + seed & 0xFFFFFFFF) for number in range(1024))
    return (line * (size // len(line) + 1))[:size]


def _tar(entries: Sequence[_Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.mode, info.mtime = entry.mode, int(_MADE.timestamp())
            info.size, info.linkname = len(entry.data), entry.link
            info.type = tarfile.DIRTYPE if entry.directory else tarfile.SYMTYPE if entry.link else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(entry.data))
    return buffer.getvalue()


async def _whole(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
