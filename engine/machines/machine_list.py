"""The file with the machines a person added: `machines.toml`, in the store, and which of them the command talks to.

The window and `wherry context` write it; whoever likes an editor better may too. What is in it:

    [machine.server]
    address = "ssh://me@server.example"
    kind = "docker"             # found out when it was added: wherry, docker or podman
    through = "docker"          # whose program there opens the way (ssh only)
    description = "the shop"
    ca = "/home/me/ca.pem"      # for tcp:// with TLS
    certificate = "/home/me/cert.pem"
    key = "/home/me/key.pem"
    unchecked = false           # true: the certificate is not checked

Beside it, `machine` holds the name that `wherry context use` chose: one word that is read at every command.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from engine import whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = "default"
"""Docker's name for the engine of this computer."""
_FILE, _CHOSEN = "machines.toml", "machine"
_MOST_BYTES = 1 << 20
_LONGEST_NAME = 128
_HEADER = """\
# The machines whose engines Wherry can show. The window and `wherry context` write this file (comments are lost then);
# it may be edited too, and counts at once.
"""


class ListUnusable(Exception):
    """The file cannot be read, or a name cannot be used: why, in a sentence."""


class Entry(NamedTuple):
    """One machine as it is remembered."""

    name: str
    address: str
    kind: str = ""
    through: str = ""
    description: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    unchecked: bool = False
    source: str = ""
    """ "" for one of the list, else what else knows it: "docker", "podman", "ssh"."""

    @property
    def tls(self) -> bool:
        return bool(self.ca or self.certificate or self.unchecked)


_FIELDS = ("address", "kind", "through", "description", "ca", "certificate", "key", "unchecked")


def check_name(name: str) -> None:
    """As docker has it for contexts."""
    good = name and name[0].isascii() and name[0].isalnum() and len(name) <= _LONGEST_NAME
    if not good or not all(char.isascii() and (char.isalnum() or char in "_.+-") for char in name):
        raise ListUnusable(f"“{name[:80]}” cannot be a machine's name: letters, digits and “_.+-”, no space")
    if name == HERE:
        raise ListUnusable(f"“{HERE}” is this computer")


def file_path(store: str = "") -> str:
    return os.path.join(store or whereabouts.store_directory(), _FILE)


def read(store: str = "") -> dict[str, Entry]:
    """By name, in the order of the file."""
    import tomllib

    path = file_path(store)
    try:
        with open(path, "rb") as file:
            document = tomllib.loads(file.read(_MOST_BYTES).decode())
        machines = document.get("machine", {})
        return {name: _entry(name, values) for name, values in machines.items()}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise ListUnusable(f"{path} cannot be used: {error}. Mend it, or remove it.") from None


def _entry(name: str, values: dict[str, object]) -> Entry:
    unknown = set(values) - set(_FIELDS)
    if unknown:
        raise TypeError(f"[machine.{name}] has no “{sorted(unknown)[0]}”")
    wrong = [key for key, value in values.items() if not isinstance(value, bool if key == "unchecked" else str)]
    if wrong or not values.get("address"):
        raise TypeError(f"[machine.{name}]: “{wrong[0] if wrong else 'address'}” is not what it should be")
    return Entry(name, **values)  # type: ignore[arg-type]


def write(entries: Iterable[Entry], store: str = "") -> None:
    """Beside, and renamed: nobody reads half of it. It may name keys, so it is the user's alone."""
    lines = [_HEADER]
    for entry in entries:
        values = entry._asdict()
        kept = [f"{field} = {_value(values[field])}\n" for field in _FIELDS if values[field]]
        lines.append(f"[machine.{_quoted(entry.name)}]\n{''.join(kept)}")
    _replace(file_path(store), "\n".join(lines))


def chosen(store: str = "") -> str:
    """The name that `wherry context use` was given; "" is this computer."""
    try:
        with open(os.path.join(store or whereabouts.store_directory(), _CHOSEN), encoding="utf-8") as file:
            return file.read(_LONGEST_NAME + 1).strip()
    except OSError:
        return ""


def choose(name: str, store: str = "") -> None:
    path = os.path.join(store or whereabouts.store_directory(), _CHOSEN)
    if name and name != HERE:
        _replace(path, f"{name}\n")
    elif os.path.lexists(path):
        os.unlink(path)


def _replace(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    fresh = f"{path}.{os.urandom(4).hex()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise


def _value(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else _quoted(str(value))


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
