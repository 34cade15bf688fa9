"""Start a program: fork, put the child in its cgroups, arrange its descriptors, exec.

Moving a process between cgroups makes the kernel wait for a grace period, 6 to 30 ms on an idle machine. Two ways in
do not: being born in a group (cgroup v2), and a thread that moves only itself (`tasks` of cgroup v1).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
from typing import TYPE_CHECKING, NamedTuple

from engine.sandbox.keeper import kernel

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.programs import Spawn

_RESTORED = (signal.SIGPIPE, signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_open_files: list[tuple[int, int]] = []


def use_limits(soft: int, hard: int) -> None:
    """How many files what is started may have open: what the user's session gives, not what the engine took."""
    _open_files[:] = [(soft, hard)]


class Begun(NamedTuple):
    """A child on its way to its program. It may be long: born into a group that is frozen, it does nothing at all."""

    pid: int
    pidfd: int
    report: int
    """Ends when the program runs, or says before why it does not."""

    def close(self) -> None:
        os.close(self.pidfd)
        os.close(self.report)

    def must_run(self) -> None:
        """To be asked once the report can be read; an OSError says what went wrong."""
        failure = b""
        while piece := os.read(self.report, 4096):
            failure += piece
        if failure:
            number, _, what = failure.partition(b" ")
            raise OSError(int(number), os.strerror(int(number)), os.fsdecode(what))


def begin(wanted: Spawn, fds: list[int]) -> Begun:
    joins = fds[len(wanted.targets) :]
    report_read, report_write = os.pipe()
    pid = -1
    if wanted.born_in:
        birthplace = joins.pop()
        # Where the kernel lets no child be born there (another owner's group, too old), the child will move.
        with contextlib.suppress(OSError):
            pid = kernel.fork_into(birthplace)
            joins.pop()
    if pid < 0:
        pid = os.fork()
    if pid == 0:
        _become(wanted, fds, joins, report_write)
    os.close(report_write)
    return Begun(pid, os.pidfd_open(pid), report_read)


def _become(wanted: Spawn, fds: list[int], joins: list[int], report: int) -> None:
    """In the child. Only ends by exec or by reporting why not."""
    what = wanted.argv[0]
    try:
        for name in _RESTORED:
            signal.signal(name, signal.SIG_DFL)
        if wanted.new_session:
            os.setsid()
        # crun makes mount points in the container's files with it.
        os.umask(0o022)
        for limits in _open_files:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        targets = list(wanted.targets)
        for fd in joins:
            os.write(fd, b"0")
        report = _arrange(fds[: len(targets)], targets, report)
        what = os.fspath(wanted.cwd)
        os.chdir(what)
        what = wanted.argv[0]
        os.execvpe(what, list(wanted.argv), wanted.env)
    except OSError as error:
        os.write(report, b"%d " % (error.errno or 5) + os.fsencode(what))
    except BaseException as error:
        os.write(report, b"22 " + os.fsencode(f"{what}: {error}"))
    os._exit(127)


def _arrange(fds: list[int], targets: list[int], report: int) -> int:
    """Put every descriptor at its number; all go out of the way first, so that none lands on another."""
    clear = max([*targets, 2]) + 1
    aside = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, clear) for fd in fds]
    report = fcntl.fcntl(report, fcntl.F_DUPFD_CLOEXEC, clear)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for standard in (0, 1, 2):
        if standard not in targets:
            os.dup2(null, standard)
    for fd, target in zip(aside, targets, strict=True):
        os.dup2(fd, target)
    return report
