"""A container's changes as Dockerfile lines: what a person would have written to get them. Pure.

Packages and accounts become the commands that make them, where what the package database and the account files say
tells which; what is left is copied. It is a suggestion, and what cannot be known is said in a comment.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.types.containers import ChangedPath


class Texts(NamedTuple):
    """One file as the image has it, and as the container has it; "" where there is none."""

    before: str
    after: str


PASSWD, WORLD, MARKED = "/etc/passwd", "/etc/apk/world", "/var/lib/apt/extended_states"
READ = (PASSWD, WORLD, MARKED)
"""Files whose contents are asked for."""

_NO_TEXT = Texts("", "")
_CACHES = ("/var/cache", "/var/lib/apt/lists", "/tmp", "/var/tmp", "/root/.cache", "/var/log", "/run")
_HISTORIES = (".bash_history", ".ash_history", ".python_history", ".viminfo", ".lesshst", ".wget-hsts")
_SKELETON = (".bashrc", ".bash_logout", ".profile")
_ACCOUNT_FILES = re.compile(r"/etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?|/etc/\.pwd\.lock")
_PACKAGERS = {
    "/var/lib/dpkg/status": ("apt-get update && apt-get install -y", " && rm -rf /var/lib/apt/lists/*"),
    "/lib/apk/db/installed": ("apk add --no-cache", ""),
    "/var/lib/rpm": ("dnf install -y", " && dnf clean all"),
    "/usr/lib/sysimage/rpm": ("dnf install -y", " && dnf clean all"),
}
_REMOVERS = {"/var/lib/dpkg/status": "apt-get purge -y", "/lib/apk/db/installed": "apk del"}
_PACKAGE_FILES = ("/usr/bin/", "/usr/lib", "/usr/share/", "/usr/sbin/", "/usr/include/", "/lib/", "/bin/", "/sbin/",
                  "/etc/alternatives", "/etc/ld.so.cache", "/var/lib/dpkg", "/var/lib/apt", "/lib/apk", "/etc/apk",
                  "/var/lib/rpm", "/usr/libexec/")  # fmt: skip
_DPKG_INFO = "/var/lib/dpkg/info/"
_PYTHON_PACKAGE = re.compile(r"(/.+/(?:site|dist)-packages)/([^/]+)-([^-/]+)\.dist-info")


class _User(NamedTuple):
    name: str
    uid: str
    home: str
    shell: str


def suggest_dockerfile(
    image: str, changes: Sequence[ChangedPath], *, name: str = "", texts: Mapping[str, Texts] | None = None
) -> str:
    """`name` is what the container is called; `texts` are the files in READ that there are."""
    known = texts or {}
    kept = [change for change in changes if not _is_noise(change.path)]
    lines = [f"FROM {image}"]
    if packager := _packager(kept):
        lines += _package_lines(packager, kept, known)
        kept = [change for change in kept if not _of_packages(change)]
    python = _python_packages(kept)
    if python:
        lines.append("RUN pip install --no-cache-dir " + " ".join(sorted(python.values())))
        libraries = {path.rpartition("/")[0] for path in python}
        kept = [change for change in kept if not _below(change.path, libraries)]
    users = _new_users(known.get(PASSWD, _NO_TEXT))
    accounts = [change for change in kept if _ACCOUNT_FILES.fullmatch(change.path)]
    if accounts:
        lines += _account_lines(users, kept, alpine=WORLD in known or packager == "/lib/apk/db/installed")
        kept = [change for change in kept if change not in accounts and not _is_fresh_home(change.path, users)]
    lines += _file_lines(kept, name or "CONTAINER", users)
    if len(lines) == 1:
        lines.append("# Nothing was changed that would belong in an image.")
    return "\n".join(lines) + "\n"


# --- packages ---


def _packager(changes: Iterable[ChangedPath]) -> str:
    changed = {change.path for change in changes}
    return next((marker for marker in _PACKAGERS if marker in changed), "")


def _package_lines(packager: str, changes: Sequence[ChangedPath], texts: Mapping[str, Texts]) -> list[str]:
    install, tidy = _PACKAGERS[packager]
    if packager == "/lib/apk/db/installed":
        world = texts.get(WORLD, _NO_TEXT)
        added = set(world.after.split()) - set(world.before.split())
        removed = set(world.before.split()) - set(world.after.split())
    else:
        removed = _dpkg_names(changes, "removed")
        every = _dpkg_names(changes, "added") - removed
        # What came along only because something else needs it comes along again.
        added = (every - _automatic(texts.get(MARKED, _NO_TEXT).after)) or every
    lines = []
    if added:
        lines.append(f"RUN {install} {_words(added)}{tidy}")
    elif not removed:
        lines += [
            "# Packages were installed or brought up to date by hand; name them here.",
            f"# RUN {install} …{tidy}",
        ]
    if removed and packager in _REMOVERS:
        lines.append(f"RUN {_REMOVERS[packager]} {_words(removed)}")
    return lines


def _dpkg_names(changes: Iterable[ChangedPath], kind: str) -> set[str]:
    """Of packages; files of the database are named after them."""
    return {
        change.path.removeprefix(_DPKG_INFO).removesuffix(".list").partition(":")[0]
        for change in changes
        if change.kind == kind and change.path.startswith(_DPKG_INFO) and change.path.endswith(".list")
    }


def _automatic(states: str) -> set[str]:
    names = set()
    for paragraph in states.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Auto-Installed") == "1":
            names.add(fields.get("Package", ""))
    return names


def _of_packages(change: ChangedPath) -> bool:
    return (
        change.path.startswith(_PACKAGE_FILES) or change.path in _PACKAGERS or change.path in ("/usr", "/etc", "/var")
    )


def _python_packages(changes: Iterable[ChangedPath]) -> dict[str, str]:
    """Path of the description of each that was added, and how pip names it."""
    found = {}
    for change in changes:
        match = _PYTHON_PACKAGE.fullmatch(change.path)
        if match is not None and change.kind == "added":
            found[change.path] = shlex.quote(f"{match[2]}=={match[3]}")
    return found


# --- accounts ---


def _new_users(passwd: Texts) -> list[_User]:
    before = {line.partition(":")[0] for line in passwd.before.splitlines()}
    users = []
    for line in passwd.after.splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[0] not in before:
            users.append(_User(fields[0], fields[2], fields[5], fields[6]))
    return users


def _account_lines(users: Sequence[_User], changes: Iterable[ChangedPath], *, alpine: bool) -> list[str]:
    if not users:
        return ["# Accounts or passwords were changed by hand; do that here, as with usermod or groupadd."]
    homes = {change.path for change in changes if change.kind == "added"}
    return [_user_line(user, alpine=alpine, with_home=user.home in homes) for user in users]


def _user_line(user: _User, *, alpine: bool, with_home: bool) -> str:
    if alpine:
        words = ["adduser", "-D", *([] if with_home else ["-H"]), "-u", user.uid, "-h", user.home, "-s", user.shell]
    else:
        words = ["useradd", "--create-home" if with_home else "--no-create-home", "--uid", user.uid]
        words += ["--home-dir", user.home, "--shell", user.shell]
    return "RUN " + " ".join(shlex.quote(word) for word in (*words, user.name))


def _is_fresh_home(path: str, users: Iterable[_User]) -> bool:
    """A home as making the user makes it."""
    return any(path == user.home or path in {f"{user.home}/{file}" for file in _SKELETON} for user in users)


# --- files ---


def _file_lines(changes: Sequence[ChangedPath], name: str, users: Sequence[_User]) -> list[str]:
    removed = _topmost(change.path for change in changes if change.kind == "removed")
    written = _topmost(
        change.path for change in changes if change.kind != "removed" and _worth_copying(change, changes)
    )
    lines = []
    if written:
        lines.append("# Get these files from the container first, into a directory beside the Dockerfile:")
        for directory in sorted({posixpath.dirname(f"files{path}") for path in written}):
            lines.append(f"#   mkdir -p {shlex.quote(directory)}")
        lines += [f"#   docker cp {shlex.quote(f'{name}:{path}')} {shlex.quote(f'files{path}')}" for path in written]
        lines += [_copy(path, users) for path in written]
    if removed:
        lines.append("RUN rm -rf " + _words(removed))
    return lines


def _copy(path: str, users: Iterable[_User]) -> str:
    """The form with brackets where a path has blanks or quotes in it."""
    owner = next((user.name for user in users if user.home != "/" and _below(path, {user.home})), "")
    copy = f"COPY --chown={owner}:{owner}" if owner else "COPY"
    if path == shlex.quote(path):
        return f"{copy} files{path} {path}"
    quoted = [f'"{part}"' for part in (f"files{path}".replace('"', '\\"'), path.replace('"', '\\"'))]
    return f"{copy} [{', '.join(quoted)}]"


def _is_noise(path: str) -> bool:
    return _below(path, _CACHES) or posixpath.basename(path) in _HISTORIES or "/__pycache__" in path


def _below(path: str, tops: Iterable[str]) -> bool:
    return any(path == top or path.startswith(top + "/") for top in tops)


def _worth_copying(change: ChangedPath, changes: Iterable[ChangedPath]) -> bool:
    """A directory the image has is there already; only what was put in it counts."""
    if change.kind == "added":
        return True
    return not any(other is not change and other.path.startswith(change.path + "/") for other in changes)


def _topmost(paths: Iterable[str]) -> list[str]:
    """Paths that are below none of the others."""
    found: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not found or not path.startswith(found[-1] + "/"):
            found.append(path)
    return found


def _words(names: Iterable[str]) -> str:
    return " ".join(shlex.quote(name) for name in sorted(names))
