"""What the doctor prints of a machine and of a store, for a person and for a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.cli import doctor
from engine.cli.main import main
from engine.errors import WherryError
from engine.state.lock import StoreLock
from engine.storage.paths import Paths
from engine.types.host import HostCheck, HostReport, StoreProblem, Verdict
from tests.unit.cli.scripted_peer import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.unit.cli.scripted_peer import Peer

FINE = HostCheck(name="kernel", title="Kernel", verdict=Verdict.OK, found="6.1")
POOR = HostCheck(
    name="fuse",
    title="Overlay in user space",
    verdict=Verdict.DEGRADED,
    found="fuse-overlayfs is used, because the kernel has no overlay for this user",
    matters="Files are slower.",
    fix="sudo apt install linux-image-amd64",
)
GONE = HostCheck(name="crun", title="crun", verdict=Verdict.MISSING, found="", fix="sudo apt install crun")
MENDED = StoreProblem(kind="orphan-mount", subject="m1", explanation="nobody uses it", mendable=True, mended=True)
OPEN = StoreProblem(kind="orphan-layer", subject="l1", explanation="no image has it", mendable=True)
LOST = StoreProblem(kind="missing-layer", subject="l2", explanation="an image lacks it", mendable=False)


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Callable[..., None]:
    monkeypatch.setenv("WHERRY_ROOT", str(tmp_path))
    monkeypatch.setenv("WHERRY_RUN", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "60")

    def set_to(*checks: HostCheck, store: Sequence[StoreProblem] | WherryError = ()) -> None:
        async def check_store(_: Paths, *, mend: bool, deep: bool) -> Sequence[StoreProblem]:
            asked.append((mend, deep))
            if isinstance(store, WherryError):
                raise store
            return store

        monkeypatch.setattr("engine.host.doctor.examine", lambda _machine, _paths: HostReport(checks=checks))
        monkeypatch.setattr(doctor, "_check_store", check_store)

    asked: list[tuple[bool, bool]] = []
    set_to.asked = asked  # type: ignore[attr-defined]
    return set_to


@pytest.mark.parametrize(
    ("checks", "code", "last"),
    [
        ((FINE,), 0, "All is well: containers run here."),
        ((FINE, POOR), 0, "Containers run; 1 of 2 could be better."),
        ((FINE, POOR, GONE), 1, "1 of 3 must be mended before containers run."),
    ],
)
def test_a_machine_is_told_line_by_line(
    checks: tuple[HostCheck, ...],
    code: int,
    last: str,
    examined: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    examined(*checks)
    assert main(["doctor"]) == code
    lines = capsys.readouterr().out.splitlines()
    widest = max(len(check.title) for check in checks)
    assert lines[0] == f"✓ {'Kernel'.ljust(widest)}  6.1"
    assert lines[-2:] == ["", last]
    if POOR in checks:
        assert lines[1:6] == [
            "! Overlay in user space  fuse-overlayfs is used, because the",
            "                         kernel has no overlay for this user",
            "                         Files are slower.",
            "                         sudo apt install linux-image-amd64",
            *(["✗ crun                   "] if GONE in checks else [""]),
        ]


def test_colours_are_for_terminals_that_want_them(
    examined: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    examined(FINE, POOR, GONE)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["doctor"])
    out = capsys.readouterr().out
    for painted in (
        "\x1b[32m✓\x1b[0m Kernel",
        "\x1b[33m!\x1b[0m",
        "\x1b[31m✗\x1b[0m",
        "\x1b[36msudo apt install crun\x1b[0m",
    ):
        assert painted in out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["doctor"])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "asked"),
    [((), []), (("--store",), [(False, False)]), (("--deep",), [(False, True)]), (("--mend",), [(True, False)])],
)
def test_a_store_is_looked_at_as_deep_as_asked(
    words: tuple[str, ...],
    asked: list[tuple[bool, bool]],
    examined: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    examined(FINE)
    assert main(["doctor", *words]) == 0
    assert examined.asked == asked  # type: ignore[attr-defined]
    assert capsys.readouterr().out.endswith("✓ The store is sound.\n") is bool(words)


def test_what_is_wrong_with_a_store_is_told(examined: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    examined(FINE, store=[MENDED])
    assert main(["doctor", "--mend"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "✓ orphan-mount m1: nobody uses it (mended)"
    examined(FINE, store=[OPEN, LOST])
    assert main(["doctor", "--store"]) == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "✗ orphan-layer l1: no image has it (wherry doctor --mend",
        "  puts it right)",
        "✗ missing-layer l2: an image lacks it",
    ]
    examined(FINE, store=WherryError("It is broken"))
    assert main(["doctor", "--store"]) == 1
    assert capsys.readouterr().err == "wherry: the store could not be checked: It is broken.\n"


def test_a_program_gets_all_of_it(examined: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    examined(FINE, store=[OPEN])
    assert main(["doctor", "--json", "--store"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["healthy"], told["checks"][0]["name"], told["store"][0]["subject"]) == (False, "kernel", "l1")
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["store"] is None


async def test_who_has_the_store_open_is_asked_to_check_it(peer: Peer) -> None:
    paths = Paths.default()
    paths.root.mkdir(parents=True, exist_ok=True)
    lock = StoreLock(paths.lock)
    lock.acquire()
    try:
        problem = {"kind": "orphan-layer", "subject": "l1", "explanation": "x", "mendable": True, "mended": False}
        peer.answers = {"POST /wherry/store": [Reply(body=json.dumps([problem]).encode())]}
        assert [each.subject for each in await doctor._check_store(paths, mend=True, deep=False)] == ["l1"]
        assert peer.asked == ["POST /wherry/store?mend=1&deep=0"]
        peer.answers = {"POST /wherry/store": [Reply(503, b"not now")]}
        with pytest.raises(WherryError) as caught:
            await doctor._check_store(paths, mend=False, deep=True)
        assert (caught.value.title, caught.value.explanation) == ("The running engine refused", "not now")
        paths.socket.unlink()
        with pytest.raises(WherryError) as caught:
            await doctor._check_store(paths, mend=False, deep=True)
        assert caught.value.title == "The store is open in another Wherry that does not answer"
        assert "Quit that one" in str(caught.value.hint)
    finally:
        lock.release()
