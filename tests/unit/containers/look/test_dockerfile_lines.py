"""A container's changes as Dockerfile lines: each kind of change, and what is made of it."""

from __future__ import annotations

import pytest

from engine.containers.look.dockerfile_lines import MARKED, PASSWD, WORLD, Texts, suggest_dockerfile
from engine.types.containers import ChangedPath

DPKG, APK = "/var/lib/dpkg/status", "/lib/apk/db/installed"
NAMES = {"passwd": PASSWD, "world": WORLD, "marked": MARKED}
ROOT = "root:x:0:0:root:/root:/bin/sh\n"
SITE = "/usr/lib/python3/dist-packages"


def lines(*changes: str, name: str = "box", **texts: Texts) -> list[str]:
    """`+` was added, `~` changed, `-` removed; without the lines that tell how to get files, and the first."""
    kinds = {"+": "added", "~": "changed", "-": "removed"}
    found = [ChangedPath(path=each[1:], kind=kinds[each[0]]) for each in changes]  # type: ignore[arg-type]
    known = {NAMES[each]: text for each, text in texts.items()}
    text = suggest_dockerfile("img:1", found, name=name, texts=known)
    assert text.startswith("FROM img:1\n")
    assert text.endswith("\n")
    return text.splitlines()[1:]


def made(*changes: str, **texts: Texts) -> list[str]:
    return [line for line in lines(*changes, **texts) if not line.startswith("#  ") and "first, into" not in line]


NOTHING = ["# Nothing was changed that would belong in an image."]
BY_HAND = [
    "# Packages were installed or brought up to date by hand; name them here.",
    "# RUN apt-get update && apt-get install -y … && rm -rf /var/lib/apt/lists/*",
]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ((), NOTHING),
        (("+/var/cache/x", "+/tmp", "~/var/log/syslog", "+/run/x.pid", "+/var/tmp/y", "+/root/.cache/z"), NOTHING),
        (("+/var/lib/apt/lists/a", "+/home/me/.bash_history", "+/root/.viminfo", "+/x/__pycache__/a.pyc"), NOTHING),
        (("+/.python_history", "+/a/.lesshst", "+/b/.wget-hsts", "+/c/.ash_history"), NOTHING),
        (("+/tmpfile",), ["COPY files/tmpfile /tmpfile"]),
        (("~/etc", "+/etc/new"), ["COPY files/etc/new /etc/new"]),
        (("~/etc/old",), ["COPY files/etc/old /etc/old"]),
        (("+/srv", "+/srv/a", "+/srv/a/b", "+/srv-2"), ["COPY files/srv /srv", "COPY files/srv-2 /srv-2"]),
        (("-/a/b", "-/a/b/c", "-/a/d"), ["RUN rm -rf /a/b /a/d"]),
        (("+/a b", '+/q"q'), ['COPY ["files/a b", "/a b"]', 'COPY ["files/q\\"q", "/q\\"q"]']),
        (("~/d", "-/d/x"), ["RUN rm -rf /d/x"]),
        ((f"~{DPKG}",), BY_HAND),
        ((f"~{DPKG}", "+/usr/bin/x", "~/usr", "~/etc", "~/var", "+/etc/m"), [*BY_HAND, "COPY files/etc/m /etc/m"]),
        (
            (f"~{DPKG}", "+/var/lib/dpkg/info/b:amd64.list", "+/var/lib/dpkg/info/a.list", "+/var/lib/dpkg/info/c.md5"),
            ["RUN apt-get update && apt-get install -y a b && rm -rf /var/lib/apt/lists/*"],
        ),
        (
            (f"~{DPKG}", "-/var/lib/dpkg/info/b.list", "-/var/lib/dpkg/info/a.list", "~/var/lib/dpkg/info/c.list"),
            ["RUN apt-get purge -y a b"],
        ),
        (
            (f"~{DPKG}", "-/var/lib/dpkg/info/a.list", "+/var/lib/dpkg/info/a:i386.list", "+/var/lib/dpkg/info/n.list"),
            [
                "RUN apt-get update && apt-get install -y n && rm -rf /var/lib/apt/lists/*",
                "RUN apt-get purge -y a",
            ],
        ),
        (
            ("~/var/lib/rpm", "+/usr/bin/x"),
            [BY_HAND[0], "# RUN dnf install -y … && dnf clean all"],
        ),
        (("~/usr/lib/sysimage/rpm",), [BY_HAND[0], "# RUN dnf install -y … && dnf clean all"]),
        (
            (f"~{SITE}", f"+{SITE}/a-1.0.dist-info", f"+{SITE}/b_c-2.dist-info", f"+{SITE}/a/x.py", "+/opt/x"),
            ["RUN pip install --no-cache-dir a==1.0 b_c==2", "COPY files/opt/x /opt/x"],
        ),
        (
            (f"~{SITE}/a-1.0.dist-info",),
            [f"COPY files{SITE}/a-1.0.dist-info {SITE}/a-1.0.dist-info"],
        ),
        (("+/site-packages/a-1.dist-info",), ["COPY files/site-packages/a-1.dist-info /site-packages/a-1.dist-info"]),
    ],
)  # fmt: skip
def test_what_was_changed_and_what_makes_it(changes: tuple[str, ...], wanted: list[str]) -> None:
    assert made(*changes) == wanted


def test_what_came_along_comes_along_again() -> None:
    marked = Texts("", "Package: lib\nAuto-Installed: 1\n\nPackage: tool\nAuto-Installed: 0\n\nAuto-Installed: 1\n")
    packages = [f"+/var/lib/dpkg/info/{name}.list" for name in ("lib", "tool", "own")]
    install = "RUN apt-get update && apt-get install -y {} && rm -rf /var/lib/apt/lists/*"
    assert made(f"~{DPKG}", *packages, marked=marked) == [install.format("own tool")]
    assert made(f"~{DPKG}", packages[0], marked=marked) == [install.format("lib")], "better than nothing"


def test_alpine_has_a_list_of_what_was_asked_for() -> None:
    world = Texts("a\nb\n", "b\nd\nc\n")
    assert made(f"~{APK}", "+/lib/x", world=world) == ["RUN apk add --no-cache c d", "RUN apk del a"]
    assert made(f"~{APK}", world=Texts("a\n", "")) == ["RUN apk del a"]
    assert made(f"~{APK}") == [BY_HAND[0], "# RUN apk add --no-cache …"]


NEW = "app:x:1001:1001::/home/app:/bin/bash\n"


@pytest.mark.parametrize("file", ["passwd", "group", "shadow", "gshadow", "subuid", "subgid", "passwd-", ".pwd.lock"])
def test_files_of_accounts_are_not_copied_but_made(file: str) -> None:
    assert made(f"~/etc/{file}", passwd=Texts(ROOT, ROOT + NEW)) == [
        "RUN useradd --no-create-home --uid 1001 --home-dir /home/app --shell /bin/bash app"
    ]
    assert made(f"~/etc/{file}", passwd=Texts(ROOT, ROOT)) == [
        "# Accounts or passwords were changed by hand; do that here, as with usermod or groupadd."
    ]
    assert made(f"~/etc/{file}x") == [f"COPY files/etc/{file}x /etc/{file}x"]


def test_a_home_is_made_with_its_user_and_what_is_in_it_is_theirs() -> None:
    home = ["~/etc/passwd", "+/home/app", "+/home/app/.bashrc", "+/home/app/.profile", "+/home/app/.bash_logout"]
    both = Texts(ROOT, ROOT + NEW + "b d:x:1002:1::/srv/b d:/bin/sh\nshort:x:1\n")
    assert made(*home, "+/home/app/work", "+/home/apples", "~/home/app2/.bashrc", passwd=both) == [
        "RUN useradd --create-home --uid 1001 --home-dir /home/app --shell /bin/bash app",
        "RUN useradd --no-create-home --uid 1002 --home-dir '/srv/b d' --shell /bin/sh 'b d'",
        "COPY --chown=app:app files/home/app/work /home/app/work",
        "COPY files/home/app2/.bashrc /home/app2/.bashrc",
        "COPY files/home/apples /home/apples",
    ]
    nowhere = Texts(ROOT, ROOT + "n:x:5:5::/:/bin/false\n")
    assert made("~/etc/passwd", "+/x", passwd=nowhere)[1:] == ["COPY files/x /x"]


def test_alpine_makes_users_its_own_way() -> None:
    users = Texts(ROOT, ROOT + NEW)
    with_home = made("~/etc/passwd", "+/home/app", world=Texts("a", "a"), passwd=users)
    assert with_home == ["RUN adduser -D -u 1001 -h /home/app -s /bin/bash app"]
    without = made("~/etc/passwd", f"~{APK}", passwd=users, world=Texts("a", "a\nb"))
    assert without == ["RUN apk add --no-cache b", "RUN adduser -D -H -u 1001 -h /home/app -s /bin/bash app"]
    assert made("~/etc/passwd", f"~{APK}", passwd=users)[-1].startswith("RUN adduser")


def test_where_files_come_from_is_told_once_for_each_place() -> None:
    found = lines("+/opt/b", "+/opt/a", "+/x y/z", "+/top", name="the box")
    assert found == [
        "# Get these files from the container first, into a directory beside the Dockerfile:",
        "#   mkdir -p files",
        "#   mkdir -p files/opt",
        "#   mkdir -p 'files/x y'",
        "#   docker cp 'the box:/opt/a' files/opt/a",
        "#   docker cp 'the box:/opt/b' files/opt/b",
        "#   docker cp 'the box:/top' files/top",
        "#   docker cp 'the box:/x y/z' 'files/x y/z'",
        "COPY files/opt/a /opt/a",
        "COPY files/opt/b /opt/b",
        "COPY files/top /top",
        'COPY ["files/x y/z", "/x y/z"]',
    ]
    assert "#   docker cp CONTAINER:/a files/a" in lines("+/a", name="")
    assert "#   docker cp" not in "\n".join(lines("-/a"))
