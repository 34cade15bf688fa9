"""Which packages a file tree says are installed: apk, dpkg (also in its distroless form) and rpm's SQLite database."""

from __future__ import annotations

import sqlite3
import struct
from typing import Final

APK: Final = "lib/apk/db/installed"
DPKG: Final = "var/lib/dpkg/status"
DPKG_PARTS: Final = "var/lib/dpkg/status.d/"
RPM: Final = ("var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite")
LARGEST_DATABASE: Final = 256 << 20

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_MOST_PACKAGES: Final = 100_000
_MOST_TAGS: Final = 100_000


def read_apk(data: bytes) -> dict[str, str]:
    """P: and V: lines, a blank line between packages."""
    found: dict[str, str] = {}
    for block in data.decode(errors="replace").split("\n\n"):
        fields = dict(line.split(":", 1) for line in block.splitlines() if line[1:2] == ":")
        if "P" in fields:
            found[fields["P"]] = fields.get("V", "")
    return found


def read_dpkg(data: bytes) -> dict[str, str]:
    """Stanzas of Package:, Status: and Version:; one without a status (distroless) is installed."""
    found: dict[str, str] = {}
    for block in data.decode(errors="replace").split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            key, colon, value = line.partition(":")
            if colon:  # of a line that goes on, what stands before one begins with a blank, as no field does
                fields[key] = value.strip()
        if "Package" in fields and fields.get("Status", "installed").endswith("installed"):
            found[fields["Package"]] = fields.get("Version", "")
    return found


def read_rpm(path: str) -> dict[str, str]:
    """From rpmdb.sqlite, whose rows are package headers. Anything unreadable is left out."""
    found: dict[str, str] = {}
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error:
        return found
    try:
        for (blob,) in connection.execute("SELECT blob FROM Packages LIMIT ?", (_MOST_PACKAGES,)):
            name, version = _rpm_header(bytes(blob))
            if name:
                found[name] = version
    except (sqlite3.Error, struct.error, ValueError, TypeError):
        return found
    finally:
        connection.close()
    return found


def _rpm_header(blob: bytes) -> tuple[str, str]:
    """Name and [epoch:]version-release of a header: counts, an index of tags, then their values."""
    tags, length = struct.unpack_from(">II", blob)
    if tags > _MOST_TAGS or 8 + tags * 16 + length > len(blob):
        raise ValueError("not a package header")
    store = 8 + tags * 16
    values: dict[int, str] = {}
    for number in range(tags):
        tag, kind, offset, _ = struct.unpack_from(">IIII", blob, 8 + number * 16)
        start = store + offset
        if tag in (_NAME, _VERSION, _RELEASE) and kind == 6:
            values[tag] = blob[start : blob.index(b"\0", start)].decode(errors="replace")
        elif tag == _EPOCH and kind == 4:
            values[tag] = str(struct.unpack_from(">I", blob, start)[0])
    epoch = f"{values[_EPOCH]}:" if values.get(_EPOCH, "0") != "0" else ""
    return values.get(_NAME, ""), f"{epoch}{values.get(_VERSION, '')}-{values.get(_RELEASE, '')}"
