"""Every error the engine raises on purpose, drawn as one tree with a closed list of codes.

    WherryError
    ├── InvalidRequest        the request itself is wrong (bad name, bad option, bad reference, bad Dockerfile)
    ├── NotFound              no such container, image, volume, network, file, operation
    ├── Conflict              the thing exists, is in use, or is in a state that forbids this
    ├── Unsupported           a valid wish this engine or this host cannot grant
    ├── RegistryError         the registry or the way to it failed; the code says where
    ├── ClusterError          a Kubernetes cluster, or the way to it, failed; the code says where
    ├── StorageError          disk full, corrupt data, a mount that failed
    ├── RuntimeFailure        crun, conmon, pasta or a build step failed
    ├── MachineError          another machine could not be reached, or broke off; the code says where
    ├── HostError             this machine lacks something; the hint is the command that mends it
    └── Cancelled             the user cancelled the operation

Each carries a code (what programs switch on), a title (one line), what happened, a hint (what to do) and details (for
experts: stderr, URLs, paths). Anything else that escapes the engine is a bug and goes to the crash dialog.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """What went wrong, for programs. Closed: a new code is a change of the contract."""

    # requests
    INVALID = "invalid"
    INVALID_REFERENCE = "invalid-reference"
    INVALID_DOCKERFILE = "invalid-dockerfile"
    # lookups and states
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    NAME_TAKEN = "name-taken"
    IN_USE = "in-use"
    WRONG_STATE = "wrong-state"
    STORE_LOCKED = "store-locked"
    UNSUPPORTED = "unsupported"
    CANCELLED = "cancelled"
    # registry
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    WRONG_LOGIN = "wrong-login"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate-limited"
    NO_PLATFORM = "no-platform"
    BAD_RESPONSE = "bad-response"
    DIGEST_MISMATCH = "digest-mismatch"
    # storage
    DISK_FULL = "disk-full"
    DISK_READ_ONLY = "disk-read-only"
    CORRUPT = "corrupt"
    BAD_ARCHIVE = "bad-archive"
    MOUNT_FAILED = "mount-failed"
    # starting and running
    COMMAND_NOT_FOUND = "command-not-found"
    COMMAND_NOT_EXECUTABLE = "command-not-executable"
    BAD_USER = "bad-user"
    PORT_IN_USE = "port-in-use"
    PORT_PRIVILEGED = "port-privileged"
    MOUNT_SOURCE_MISSING = "mount-source-missing"
    BUILD_STEP_FAILED = "build-step-failed"
    RUNTIME = "runtime"
    # host
    HOST = "host"
    INTERNAL = "internal"


class WherryError(Exception):
    """Base of the tree. `str(error)` is the whole story in one paragraph; the fields are for showing it well."""

    default_code: ClassVar[Code] = Code.INTERNAL

    def __init__(
        self,
        title: str,
        explanation: str = "",
        *,
        code: Code | None = None,
        hint: str = "",
        details: str = "",
        subject: str = "",
        docker: str = "",
    ) -> None:
        super().__init__(title)
        self.code = code or self.default_code
        self.title = title
        self.explanation = explanation
        self.hint = hint
        self.details = details
        self.subject = subject
        """What it is about: a container id, an image reference, a port, a path. Lets a button find the thing."""
        self.docker = docker
        """What Docker says in this place, where clients look for its very words; "" where nobody does."""

    def __str__(self) -> str:
        """Sentences; a registry's own words may lack their full stop."""
        parts = (self.title, self.explanation, self.hint)
        return " ".join(part if part.endswith((".", "!", "?", "…", ":")) else f"{part}." for part in parts if part)


class InvalidRequest(WherryError):
    default_code = Code.INVALID


class NotFound(WherryError):
    default_code = Code.NOT_FOUND


class Conflict(WherryError):
    default_code = Code.WRONG_STATE


class Unsupported(WherryError):
    default_code = Code.UNSUPPORTED


class RegistryError(WherryError):
    default_code = Code.BAD_RESPONSE


class ClusterError(WherryError):
    default_code = Code.BAD_RESPONSE


class StorageError(WherryError):
    default_code = Code.CORRUPT


class RuntimeFailure(WherryError):
    default_code = Code.RUNTIME

    def __init__(
        self,
        title: str,
        explanation: str = "",
        *,
        code: Code | None = None,
        hint: str = "",
        details: str = "",
        subject: str = "",
        docker: str = "",
        exit_code: int = 125,
    ) -> None:
        super().__init__(title, explanation, code=code, hint=hint, details=details, subject=subject, docker=docker)
        self.exit_code = exit_code
        """As Docker reports it: 125 the engine failed, 126 not executable, 127 not found, else the process's own."""


class MachineError(WherryError):
    default_code = Code.CONNECT


class HostError(WherryError):
    default_code = Code.HOST


class Cancelled(WherryError):
    default_code = Code.CANCELLED

    def __init__(self, title: str = "Cancelled") -> None:
        super().__init__(title)


_FULL_TABLES = {
    errno.EMFILE: (
        "Too many files are open in the engine",
        "`ulimit -Hn` says how many it may have; raise LimitNOFILE of the session or unit, and start it again.",
    ),
    errno.ENFILE: (
        "Too many files are open on this machine",
        "Raise the bound: sudo sysctl -w fs.file-max=1000000",
    ),
}


DISK_REFUSES = (Code.DISK_FULL, Code.DISK_READ_ONLY)
"""Nothing can be written for now. What has happened is true all the same, and is written when it can be."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FREE_SPACE = "Free some space: `wherry system prune` removes what no container uses."
_MOUNT_ANEW = "After an error of a disk the kernel stops writing to it: `sudo dmesg` says why, fsck mends the rest."


def disk_refuses(number: int, explanation: str, *, details: str = "", subject: str = "") -> StorageError | None:
    """An error of the system, where it says that a disk has no room or takes nothing."""
    if number in _FULL:
        words = ("The disk is full", Code.DISK_FULL, _FREE_SPACE)
    elif number == errno.EROFS:
        words = ("The disk is read-only", Code.DISK_READ_ONLY, _MOUNT_ANEW)
    else:
        return None
    title, code, hint = words
    return StorageError(title, explanation, code=code, hint=hint, details=details, subject=subject)


def exhausted(number: int) -> HostError | None:
    """An error of the system, where it says that a table of the kernel is full: what is, and how to make it larger."""
    if number not in _FULL_TABLES:
        return None
    title, hint = _FULL_TABLES[number]
    return HostError(title, "So this one request could not be carried out.", hint=hint, subject=os.strerror(number))
