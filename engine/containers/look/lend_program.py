"""Run by the keeper: put a read-only file system with busybox at a directory inside a running container.

    python -SI lend_program.py PID BUSYBOX TARGET

It is made detached and filled before it appears, so the container never sees it half done, and it is a mount of its
own, so nothing is written to the container's files. Standard library only.
"""

import ctypes
import os
import subprocess
import sys

_MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT, _MOUNT_SETATTR = 429, 430, 431, 432, 442
_FSCONFIG_SET_STRING, _FSCONFIG_CREATE = 1, 6
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 0x1, 0x2, 0x4
_AT_EMPTY_PATH = 0x1000
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def filled_mount(busybox: str) -> int:
    """A detached tmpfs with busybox under all its names."""
    context = call(_FSOPEN, b"tmpfs", 1)
    call(_FSCONFIG, context, _FSCONFIG_SET_STRING, b"mode", b"0755", 0)
    call(_FSCONFIG, context, _FSCONFIG_SET_STRING, b"size", b"16m", 0)
    call(_FSCONFIG, context, _FSCONFIG_CREATE, None, None, 0)
    mount = call(_FSMOUNT, context, 1, 0)
    program = os.open("busybox", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755, dir_fd=mount)
    with open(busybox, "rb") as source, os.fdopen(program, "wb") as target:
        while piece := source.read(1 << 20):
            target.write(piece)
    os.chmod("busybox", 0o755, dir_fd=mount)
    for name in subprocess.run([busybox, "--list"], capture_output=True, check=True).stdout.split():
        if name != b"busybox":
            os.symlink(b"busybox", name, dir_fd=mount)
    flags = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    call(_MOUNT_SETATTR, mount, b"", _AT_EMPTY_PATH, attributes, ctypes.sizeof(attributes))
    return mount


def enter(pid: int) -> None:
    """The container's mount namespace, through its user namespace where that is another one."""
    mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    if os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user"):
        user = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
        if _libc.setns(user, _NEWUSER) < 0:
            raise OSError(ctypes.get_errno(), "the user namespace cannot be entered")
    if _libc.setns(mounts, _NEWNS) < 0:
        raise OSError(ctypes.get_errno(), "the mount namespace cannot be entered")


def main() -> None:
    pid, busybox, target = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    mount = filled_mount(busybox)
    enter(pid)
    os.makedirs(target, 0o755, exist_ok=True)
    if not os.path.lexists(f"{target}/busybox"):
        call(_MOVE_MOUNT, mount, b"", -100, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)


if __name__ == "__main__":
    main()
