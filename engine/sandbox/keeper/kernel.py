"""System calls the standard library lacks, as thin typed functions that raise OSError."""

from __future__ import annotations

import ctypes
import os
import signal

# From the kernel's headers; the call numbers are the same on every architecture younger than alpha.
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REC, MS_PRIVATE, MS_SLAVE, MS_SHARED = 0x4000, 1 << 18, 1 << 19, 1 << 20
MNT_DETACH, UMOUNT_NOFOLLOW = 2, 8
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW = 0x1000, 0x8000, 0x100
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_SYMLINKS = 0x4, 0x10
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8
MOUNT_ATTR_IDMAP = 0x00100000
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 2, 4, 8, 16
RENAME_NOREPLACE = 1
FS_TOPDIR_FL = 0x20000
CLONE_INTO_CGROUP = 0x200000000
_OPEN_TREE, _MOVE_MOUNT, _CLONE3, _OPENAT2, _MOUNT_SETATTR = 428, 429, 435, 437, 442
_FS_IOC_GETFLAGS = 0x80006601 | ctypes.sizeof(ctypes.c_long) << 16
_FS_IOC_SETFLAGS = 0x40006602 | ctypes.sizeof(ctypes.c_long) << 16

_KEYCTL = {"x86_64": 250, "i686": 288, "armv7l": 311, "ppc64le": 271, "s390x": 280}
"""By machine; the number of all younger ones is the last."""
_YOUNGER_KEYCTL, _JOIN_SESSION_KEYRING = 219, 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)

# Keeps the interpreter's lock over the call, so that a child has it too.
_forking = ctypes.PyDLL(None, use_errno=True)
_forking.syscall.restype = ctypes.c_long


class _CloneArguments(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in ("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls",
                     "set_tid", "set_tid_size", "cgroup")
    )  # fmt: skip


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _checked(result: int, path: str | bytes = "") -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return result


def fork_into(cgroup: int) -> int:
    """Fork; the child is born in a group of cgroup v2, which unlike a move into it waits for no grace period.

    For a child that execs at once, of a process with one thread: the interpreter is not told of this fork.
    """
    arguments = _CloneArguments(flags=CLONE_INTO_CGROUP, exit_signal=signal.SIGCHLD, cgroup=cgroup)
    return _checked(_forking.syscall(_CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments)))


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags))


def setns(fd: int, kind: int) -> None:
    _checked(_libc.setns(fd, kind))


def prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    arguments = [os.fsencode(each) for each in (source, target, kind)]
    _checked(_libc.mount(*arguments, flags, os.fsencode(data) if data else None), target)


def umount(target: str, flags: int = 0) -> None:
    _checked(_libc.umount2(os.fsencode(target), flags), target)


def open_tree(path: str, *, recursive: bool) -> int:
    """A detached copy of the mount (and of those below it) at `path`."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (AT_RECURSIVE if recursive else 0)
    return _checked(_libc.syscall(_OPEN_TREE, -100, os.fsencode(path), flags), path)


def move_mount(tree: int, target: str) -> None:
    flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS
    _checked(_libc.syscall(_MOVE_MOUNT, tree, b"", -100, os.fsencode(target), flags), target)


def mount_setattr(
    tree: int, *, set_flags: int = 0, propagation: int = 0, user_namespace: int = 0, recursive: bool = True
) -> None:
    how = _MountAttr(set_flags, 0, propagation, user_namespace)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    _checked(_libc.syscall(_MOUNT_SETATTR, tree, b"", flags, ctypes.byref(how), ctypes.sizeof(how)))


def openat2(directory: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
    how = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    while True:
        result = _libc.syscall(_OPENAT2, directory, path, ctypes.byref(how), ctypes.sizeof(how))
        # EAGAIN: a rename elsewhere raced with the resolution; the kernel asks to try again.
        if result >= 0 or ctypes.get_errno() != 11:
            return _checked(result, path)


def join_new_keyring() -> None:
    """A session key ring of our own, without a name, for this process and what it starts."""
    number = _KEYCTL.get(os.uname().machine, _YOUNGER_KEYCTL)
    _checked(_libc.syscall(number, _JOIN_SESSION_KEYRING, None))


def scatter_children(path: str) -> None:
    """Tell ext4 that what is made in this directory has nothing to do with its siblings (as `chattr +T` does).

    A new directory then begins in a group of blocks of its own, so that trees which are filled at once do not wait for
    one another; and without a journal ext4 tries every inode that was just freed in a group before it takes another,
    which made files ten times slower wherever a tree had been deleted. Other file systems do not know the flag.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = ctypes.c_int()  # whatever size the call number speaks of
        _checked(_libc.ioctl(descriptor, _FS_IOC_GETFLAGS, ctypes.byref(flags)))
        flags.value |= FS_TOPDIR_FL
        _checked(_libc.ioctl(descriptor, _FS_IOC_SETFLAGS, ctypes.byref(flags)))
    finally:
        os.close(descriptor)


def rename(old_dir: int, old: bytes, new_dir: int, new: bytes, flags: int = 0) -> None:
    _checked(_libc.renameat2(old_dir, old, new_dir, new, flags), new)
