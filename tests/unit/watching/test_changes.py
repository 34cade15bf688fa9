"""Changes as Dockerfile lines, and what is no change."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.containers.look.changes import changed_paths
from engine.containers.look.dockerfile_lines import MARKED, PASSWD, WORLD, Texts, suggest_dockerfile
from engine.containers.look.lending import is_static
from engine.containers.look.processes_list import signal_number
from engine.types.containers import ChangedPath


def _lines(*changes: tuple[str, str], **texts: Texts) -> list[str]:
    found = [ChangedPath(path=path, kind=kind) for kind, path in changes]  # type: ignore[arg-type]
    known = {{"passwd": PASSWD, "world": WORLD, "marked": MARKED}[name]: text for name, text in texts.items()}
    return suggest_dockerfile("img:1", found, name="box", texts=known).splitlines()


def test_packages_are_recognised_and_their_files_not_copied() -> None:
    lines = _lines(
        ("changed", "/var/lib/dpkg/status"),
        ("added", "/var/lib/dpkg/info/curl.list"),
        ("added", "/var/lib/dpkg/info/libcurl4:amd64.list"),
        ("added", "/usr/bin/curl"),
        ("added", "/var/lib/apt/lists/x"),
        ("added", "/opt/mine"),
    )
    assert lines[:2] == [
        "FROM img:1",
        "RUN apt-get update && apt-get install -y curl libcurl4 && rm -rf /var/lib/apt/lists/*",
    ]
    assert [line for line in lines if line.startswith("COPY")] == ["COPY files/opt/mine /opt/mine"]


def test_an_afternoon_of_work_by_hand() -> None:
    """apt install nginx; adduser app; edit a config; delete the welcome page; leave a program and its notes."""
    root = "root:x:0:0:root:/root:/bin/bash\n"
    lines = _lines(
        ("changed", "/etc"), ("added", "/etc/.pwd.lock"), ("changed", "/etc/passwd"), ("added", "/etc/passwd-"),
        ("changed", "/etc/shadow"), ("changed", "/etc/group"), ("changed", "/etc/gshadow"), ("changed", "/etc/subuid"),
        ("added", "/etc/nginx"), ("added", "/etc/nginx/nginx.conf"), ("changed", "/etc/ld.so.cache"),
        ("added", "/home/app"), ("added", "/home/app/.bashrc"), ("added", "/home/app/.bash_history"),
        ("added", "/home/app/serve.py"), ("added", "/srv/notes"), ("added", "/srv/__pycache__/x.pyc"),
        ("changed", "/var/lib/dpkg/status"), ("added", "/var/lib/dpkg/info/nginx.list"),
        ("added", "/var/lib/dpkg/info/libssl3:amd64.list"), ("changed", "/var/lib/apt/extended_states"),
        ("removed", "/var/lib/dpkg/info/telnet.list"), ("added", "/usr/sbin/nginx"), ("removed", "/usr/share/doc/x"),
        ("changed", "/var/www/html"), ("removed", "/var/www/html/index.html"), ("added", "/var/log/nginx/access.log"),
        passwd=Texts(root, f"{root}app:x:1001:1001:,,,:/home/app:/bin/bash\n"),
        marked=Texts("", "Package: libssl3\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: x\nAuto-Installed: 0\n"),
    )  # fmt: skip
    assert [line for line in lines if not line.startswith("#")] == [
        "FROM img:1",
        "RUN apt-get update && apt-get install -y nginx && rm -rf /var/lib/apt/lists/*",
        "RUN apt-get purge -y telnet",
        "RUN useradd --create-home --uid 1001 --home-dir /home/app --shell /bin/bash app",
        "COPY files/etc/nginx /etc/nginx",
        "COPY --chown=app:app files/home/app/serve.py /home/app/serve.py",
        "COPY files/srv/notes /srv/notes",
        "RUN rm -rf /var/www/html/index.html",
    ]
    assert "#   mkdir -p files/home/app" in lines
    assert "#   docker cp box:/home/app/serve.py files/home/app/serve.py" in lines


def test_alpine_names_what_was_asked_for() -> None:
    lines = _lines(
        ("changed", "/lib/apk/db/installed"), ("changed", "/etc/apk/world"), ("added", "/usr/bin/curl"),
        ("changed", "/etc/passwd"), ("changed", "/etc/group"),
        world=Texts("alpine-base\nbusybox\n", "alpine-base\ncurl\njq\n"),
        passwd=Texts("", "web:x:1000:1000::/srv:/sbin/nologin\n"),
    )  # fmt: skip
    assert lines[1:] == [
        "RUN apk add --no-cache curl jq",
        "RUN apk del busybox",
        "RUN adduser -D -H -u 1000 -h /srv -s /sbin/nologin web",
    ]


def test_what_pip_brought_is_named_by_version() -> None:
    site = "/usr/local/lib/python3.12/site-packages"
    lines = _lines(
        ("changed", site), ("added", f"{site}/flask"), ("added", f"{site}/flask/app.py"),
        ("added", f"{site}/flask-3.0.3.dist-info"), ("added", f"{site}/flask-3.0.3.dist-info/METADATA"),
    )  # fmt: skip
    assert lines[1:] == ["RUN pip install --no-cache-dir flask==3.0.3"]


def test_a_changed_password_is_not_copied() -> None:
    lines = _lines(("changed", "/etc/shadow"), ("added", "/etc/shadow-"))
    assert lines[1].startswith("# Accounts or passwords were changed by hand")
    assert not any("COPY" in line for line in lines)


def test_blanks_and_quotes() -> None:
    lines = _lines(("added", "/a b"), ("removed", "/it's"))
    assert 'COPY ["files/a b", "/a b"]' in lines
    assert "RUN rm -rf '/it'\"'\"'s'" in lines


def test_nothing_worth_keeping() -> None:
    assert "Nothing was changed" in _lines(("changed", "/tmp"), ("added", "/root/.ash_history"))[1]


class _Keeper:
    def __init__(self, tree: dict[str, list[tuple[str, int, int]]]) -> None:
        self._tree = tree

    async def list_directory(self, root: Path, path: str) -> list[Any]:
        return [
            SimpleNamespace(name=name, mode=mode, size=size, device=0) for name, mode, size in self._tree.get(path, [])
        ]


async def test_what_the_upper_directory_says() -> None:
    keeper: Any = _Keeper(
        {
            "/": [
                ("etc", stat.S_IFDIR, 0),
                ("gone", stat.S_IFCHR, 0),
                ("ghost", stat.S_IFCHR, 0),
                ("var", stat.S_IFDIR, 0),
            ],
            "/etc": [("hosts", stat.S_IFREG, 9), (".wh.old", stat.S_IFREG, 0), ("new", stat.S_IFREG, 5)],
            "/var": [("data", stat.S_IFDIR, 0)],
        }
    )
    found = await changed_paths(
        keeper,
        "/upper",
        driver="fuse-overlayfs",
        in_image=lambda path: path in ("/etc", "/etc/old", "/gone", "/var"),
        hidden=("/etc/hosts", "/var/data"),
    )
    assert [(change.path, change.kind, change.size) for change in found] == [
        ("/etc", "changed", 0),
        ("/etc/new", "added", 5),
        ("/etc/old", "removed", 0),
        ("/gone", "removed", 0),
    ]


def test_signal_names() -> None:
    assert [signal_number(name) for name in ("TERM", "sigterm", "15")] == [15, 15, 15]


def test_a_static_program_is_told_from_others(tmp_path: Path) -> None:
    assert is_static(Path("/usr/bin/busybox"))
    assert not is_static(Path("/usr/bin/env"))
    (tmp_path / "script").write_text("#!/bin/sh\n")
    assert not is_static(tmp_path / "script")
