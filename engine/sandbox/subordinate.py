"""Find out which ids this user may map: /etc/subuid and subgid for a user, a free high range for the host's root."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

from engine.sandbox.ids import IdMapping, IdRange

MOST_IDS = 65536
FIRST_FREE = 0x70000000
"""Above everything distributions and systemd hand out, below what is a negative number to old programs."""


def plan(recorded: Path) -> IdMapping:
    """The maps a new namespace gets. `recorded` keeps the range of the host's root, so that files keep their owners."""
    uid, gid = os.getuid(), os.getgid()
    if uid == 0 and _sees_all_ids():
        return _for_host_root(recorded)
    uids = _ranges("/etc/subuid", uid)
    gids = _ranges("/etc/subgid", uid)
    if uid == 0 or not uids or not gids:
        return IdMapping(uids=(IdRange(0, uid, 1),), gids=(IdRange(0, gid, 1),))
    return IdMapping(uids=_behind_own(uid, uids), gids=_behind_own(gid, gids))


def _sees_all_ids() -> bool:
    first, outside, count = Path("/proc/self/uid_map").read_text().split()[:3]
    return first == outside == "0" and int(count) >= 0xFFFFFFFF


def _behind_own(own: int, ranges: list[tuple[int, int]]) -> tuple[IdRange, ...]:
    mapped = [IdRange(0, own, 1)]
    for start, count in ranges:
        last = mapped[-1]
        mapped.append(IdRange(last.inside + last.count, start, count))
    return tuple(mapped)


def _ranges(file: str, uid: int) -> list[tuple[int, int]]:
    """What a subid file grants to a user, by name or number."""
    names = {str(uid)}
    try:
        names.add(pwd.getpwuid(uid).pw_name)
        lines = Path(file).read_text().splitlines()
    except (KeyError, OSError):
        return []
    found = []
    for line in lines:
        name, _, numbers = line.strip().partition(":")
        start, _, count = numbers.partition(":")
        if name in names and start.isdigit() and count.isdigit() and int(count) > 0:
            found.append((int(start), int(count)))
    return found


def _for_host_root(recorded: Path) -> IdMapping:
    """The host's root itself is never mapped: root inside is the first id of a subordinate range."""
    granted_uids, granted_gids = _ranges("/etc/subuid", 0), _ranges("/etc/subgid", 0)
    if granted_uids and granted_gids:
        return IdMapping(uids=_from_zero(granted_uids), gids=_from_zero(granted_gids))
    try:
        start = int(json.loads(recorded.read_text())["host_root_range"])
    except (OSError, ValueError, KeyError, TypeError):
        start = _free_range()
        recorded.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        recorded.write_text(json.dumps({"host_root_range": start}))
    whole = (IdRange(0, start, MOST_IDS),)
    return IdMapping(uids=whole, gids=whole)


def _from_zero(ranges: list[tuple[int, int]]) -> tuple[IdRange, ...]:
    mapped: list[IdRange] = []
    for start, count in ranges:
        mapped.append(IdRange(sum(each.count for each in mapped), start, count))
    return tuple(mapped)


def _free_range() -> int:
    taken = [(entry.pw_uid, 1) for entry in pwd.getpwall()]
    for file in ("/etc/subuid", "/etc/subgid"):
        try:
            lines = Path(file).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            numbers = line.strip().split(":")[1:]
            if len(numbers) == 2 and all(number.isdigit() for number in numbers):
                taken.append((int(numbers[0]), int(numbers[1])))
    start = FIRST_FREE
    while any(first < start + MOST_IDS and start < first + count for first, count in taken):
        start += MOST_IDS
    return start
