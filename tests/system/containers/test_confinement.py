"""What a program in a container is refused by the kernel, tried from inside with the machine's own interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.cgroups.limits import DEFAULT_PIDS
from engine.types.containers import ContainerSpec, CreateContainer, Mount, Resources
from tests.support.python_image import python_archive
from tests.system.containers.conftest import read_log, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine

_TRIES = """
import ctypes, errno, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return errno.errorcode.get(ctypes.get_errno(), "?") if libc.syscall(number, *arguments) < 0 else "done"
for name, family, kind in (("alg", 38, socket.SOCK_SEQPACKET), ("vsock", 40, socket.SOCK_STREAM)):
    try:
        socket.socket(family, kind).close()
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
socket.socket(socket.AF_INET6).close()
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
print("keyctl", call(250, 0, -3, 0))
print("io_uring_setup", call(425, 1, 0))
print("unshare", call(272, 0x10000000))
print("of-next-year", call(999))
"""


_FFI = next(Path("/usr/lib").glob("*-linux-gnu/libffi.so.?"))
"""ctypes leans on it."""


async def test_the_kernels_crypto_and_its_like_are_refused(engine: EmbeddedEngine) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield python_archive("localhost/python:3")

    await engine.images.load(stream()).result()
    mount = Mount(kind="bind", source=str(_FFI), target=f"/usr/lib/{_FFI.name}", read_only=True)
    spec = ContainerSpec(image="localhost/python:3", command=("python3", "-c", _TRIES), network="none", mounts=(mount,))
    container = await engine.containers.create(CreateContainer(spec=spec))
    await engine.containers.start(container.id)
    assert (await engine.containers.wait(container.id)).exit_code == 0, read_log(engine, container.id)
    found = dict(line.split() for line in read_log(engine, container.id).splitlines())
    assert found == {
        "alg": "EPERM",
        "vsock": "EPERM",
        "keyctl": "EPERM",
        "io_uring_setup": "EPERM",
        "unshare": "EPERM",
        "of-next-year": "ENOSYS",
    }


async def test_processes_have_a_limit_unless_it_was_lifted(loaded: EmbeddedEngine) -> None:
    for asked, written in ((Resources(), str(DEFAULT_PIDS)), (Resources(pids=-1), "max")):
        container = await run(loaded, resources=asked)
        directory = loaded.cgroups.group(container.id).directory("pids")
        assert directory is not None
        assert (directory / "pids.max").read_text().strip() == written
        await loaded.containers.remove(container.id, force=True)
