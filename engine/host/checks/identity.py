"""Who a container may be: user namespaces, subordinate ids, and the set-uid tools that hand them out."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.host.checks.bounds import kept_setting
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.host.machine import Machine

ENOUGH_IDS = 65536
_FIRST_ID = 100_000
_LAST_ID = 2**32 - 2

_USERNS_MATTERS = "Without them an ordinary user can run no container at all."


def user_namespaces(machine: Machine) -> HostCheck:
    """Make one, as root of it, and do in it what only its root may: mount something."""
    line = partial(HostCheck, name="user-namespaces", title="User namespaces")
    answer = machine.ask(
        ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
        if machine.exists("/mnt")
        else ["unshare", "--user", "--map-root-user", "--mount", "true"]
    )
    if answer.code == 0:
        return line(verdict=Verdict.OK, found="An ordinary user may make them.")
    for path, bad, found, fix in _REFUSALS:
        if (machine.read(path) or "").strip() == bad:
            return line(
                verdict=Verdict.MISSING,
                found=found,
                matters=_USERNS_MATTERS,
                fix=fix,
            )
    if not machine.exists("/proc/self/ns/user"):
        return line(
            verdict=Verdict.MISSING,
            found="This kernel is built without user namespaces.",
            matters=_USERNS_MATTERS,
            fix="Boot a kernel built with CONFIG_USER_NS=y; every stock kernel of Debian, Ubuntu and Fedora is.",
        )
    if answer.code == 127:
        return line(
            verdict=Verdict.DEGRADED,
            found="Could not be tried: the program unshare is not there.",
            matters=_USERNS_MATTERS,
            fix=machine.distribution.install({"debian": "util-linux"}),
        )
    return line(
        verdict=Verdict.MISSING,
        found=f"Making one failed: {answer.words}",
        matters=_USERNS_MATTERS,
        fix="Run Wherry outside a container or sandbox, or let that one allow user namespaces.",
    )


_REFUSALS = (
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "Switched off for ordinary users (kernel.unprivileged_userns_clone is 0).",
        kept_setting("kernel.unprivileged_userns_clone", 1),
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "Switched off for everybody (user.max_user_namespaces is 0).",
        kept_setting("user.max_user_namespaces", 28633),
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor takes all rights from them (kernel.apparmor_restrict_unprivileged_userns is 1).",
        kept_setting("kernel.apparmor_restrict_unprivileged_userns", 0),
    ),
)


# --- subordinate ids ---


@dataclass(frozen=True)
class Range:
    """One line of /etc/subuid or /etc/subgid."""

    owner: str
    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1


def parse_ranges(text: str) -> tuple[list[Range], list[int]]:
    """The good lines, and the numbers of the bad ones (which newuidmap passes over as well)."""
    ranges, bad = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = line.strip().split(":")
        if len(fields) != 3 or not fields[1].isdecimal() or not fields[2].isdecimal():
            bad.append(number)
            continue
        found = Range(fields[0], int(fields[1]), int(fields[2]))
        if found.count and found.last <= _LAST_ID:
            ranges.append(found)
        else:
            bad.append(number)
    return ranges, bad


def free_start(ranges: Iterable[Range]) -> int:
    """Where the next 65536 ids overlap nobody's."""
    start = _FIRST_ID
    for taken in sorted(ranges, key=lambda r: r.first):
        if taken.first < start + ENOUGH_IDS and taken.last >= start:
            start = taken.last + 1
    return start


def subordinate_ids(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="subordinate-ids", title="Subordinate ids")
    matters = "Without them every user of a container is you, and images that use several, as databases do, may fail."
    if machine.uid == 0 and (machine.read("/proc/self/uid_map") or "").split() == ["0", "0", "4294967295"]:
        return line(verdict=Verdict.OK, found="root needs none: containers get a range nobody has.")
    found: list[str] = []
    problems: list[str] = []
    everything: list[Range] = []
    for kind, path in (("user", "/etc/subuid"), ("group", "/etc/subgid")):
        ranges, bad = parse_ranges(machine.read(path) or "")
        everything += ranges
        own = [r for r in ranges if r.owner in (machine.user, str(machine.uid))]
        count = sum(r.count for r in own)
        found += [f"{kind} ids {r.first}–{r.last}" for r in own]
        if count < ENOUGH_IDS:
            problems.append(f"{path} gives {machine.user} {count or 'no'} {kind} ids, {ENOUGH_IDS} are needed")
        if clash := next((r for r in ranges for o in own if r.owner != o.owner and _overlap(r, o)), None):
            problems.append(f"in {path} they overlap those of {clash.owner}")
        if bad:
            problems.append(f"{path} has unreadable lines: {', '.join(map(str, bad[:5]))}")
    start = free_start(everything)
    if not problems:
        return line(verdict=Verdict.OK, found="; ".join(found))
    return line(
        verdict=Verdict.DEGRADED,
        found=f"{'; '.join(problems)}.",
        matters=matters,
        fix=f"sudo usermod --add-subuids {start}-{start + ENOUGH_IDS - 1} "
        f"--add-subgids {start}-{start + ENOUGH_IDS - 1} {machine.user}",
    )


def _overlap(one: Range, other: Range) -> bool:
    return one.first <= other.last and other.first <= one.last


# --- newuidmap, newgidmap ---


def id_mapping_tools(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="id-mapping-tools", title="newuidmap and newgidmap")
    matters = "Only they may give your subordinate ids to a container; without them every user of a container is you."
    packages = {
        "debian": "uidmap",
        "fedora": "shadow-utils",
        "rhel": "shadow-utils",
        "arch": "shadow",
        "suse": "shadow",
    }
    places = {tool: machine.which(tool) for tool in ("newuidmap", "newgidmap")}
    missing = [tool for tool, place in places.items() if place is None]
    if missing:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"Not installed: {', '.join(missing)}.",
            matters=matters,
            fix=machine.distribution.install(packages),
        )
    weak = [place for place in places.values() if place and machine.uid != 0 and not _privileged(machine, place)]
    if weak:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"{' and '.join(weak)} {'has' if len(weak) == 1 else 'have'} lost the right to set ids.",
            matters=matters,
            fix=f"sudo chown root:root {' '.join(weak)} && sudo chmod u+s {' '.join(weak)}",
        )
    return line(verdict=Verdict.OK, found=", ".join(p for p in places.values() if p))


def _privileged(machine: Machine, path: str) -> bool:
    set_uid_root = bool((machine.mode(path) or 0) & stat.S_ISUID) and machine.owner(path) == 0
    return set_uid_root or machine.has_file_capabilities(path)
