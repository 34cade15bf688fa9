"""Who a container runs as: "name", "uid", "name:group" … looked up in the image's own passwd and group files. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Code, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class ContainerUser:
    """Ids inside the container, and where it is at home."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = "/"
    name: str = ""


@dataclass(frozen=True)
class _Account:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True)
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def find_user(wanted: str, passwd: str, group: str, extra_groups: Sequence[str] = ()) -> ContainerUser:
    """Resolve as Docker does: names need an account, numbers none; groups are the account's unless one is given."""
    user_part, _, group_part = wanted.partition(":")
    accounts, groups = list(_accounts(passwd)), list(_groups(group))
    account = _find_account(user_part or "0", accounts)
    if account is None:
        if not _is_id(user_part):
            raise _unknown("user", user_part, [each.name for each in accounts])
        account = _Account("", int(user_part), 0, "/")
    if group_part:
        gid = _find_group(group_part, groups)
        supplementary: tuple[int, ...] = ()
    else:
        gid = account.gid
        supplementary = tuple(each.gid for each in groups if account.name and account.name in each.members)
    extra = tuple(_find_group(each, groups) for each in extra_groups)
    return ContainerUser(
        uid=account.uid,
        gid=gid,
        groups=tuple(dict.fromkeys((*supplementary, *extra))),
        home=account.home or "/",
        name=account.name,
    )


def _find_account(wanted: str, accounts: Iterable[_Account]) -> _Account | None:
    listed = list(accounts)
    for account in listed:
        if account.name == wanted:
            return account
    if _is_id(wanted):
        for account in listed:
            if account.uid == int(wanted):
                return account
        if int(wanted) == 0:
            return _Account("root", 0, 0, "/root")
    return _Account("root", 0, 0, "/root") if wanted == "root" else None


def _find_group(wanted: str, groups: Iterable[_Group]) -> int:
    listed = list(groups)
    for each in listed:
        if each.name == wanted:
            return each.gid
    if _is_id(wanted):
        return int(wanted)
    if wanted == "root":
        return 0
    raise _unknown("group", wanted, [each.name for each in listed])


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _LARGEST_ID


def _accounts(passwd: str) -> Iterator[_Account]:
    for fields in _rows(passwd, 6):
        if _is_id(fields[2]) and _is_id(fields[3]):
            yield _Account(fields[0], int(fields[2]), int(fields[3]), fields[5])


def _groups(group: str) -> Iterator[_Group]:
    for fields in _rows(group, 4):
        if _is_id(fields[2]):
            yield _Group(fields[0], int(fields[2]), tuple(name for name in fields[3].split(",") if name))


def _rows(text: str, columns: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= columns and not line.startswith("#"):
            yield [field.strip() for field in fields]


def _unknown(kind: str, wanted: str, known: Sequence[str]) -> InvalidRequest:
    listed = ", ".join(sorted(known)[:12])
    return InvalidRequest(
        f"There is no {kind} “{wanted}” in the image",
        f"Its files know: {listed}." if listed else f"It has no /etc/{'passwd' if kind == 'user' else 'group'}.",
        code=Code.BAD_USER,
        hint=f"Name one of these, or give a number: a {kind} given by number needs no entry.",
        subject=wanted,
        docker=f"unable to find {kind} {wanted}: no matching entries in {'passwd' if kind == 'user' else 'group'} file",
    )


def user_names(passwd: str) -> dict[int, str]:
    """Names by uid, for lists of processes."""
    return {account.uid: account.name for account in reversed(list(_accounts(passwd)))}
