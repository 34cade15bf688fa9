"""Operations, errors, selections, names, networks and addresses in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator

from engine.errors import Code, WherryError
from engine.types.frontdoor import Door, DoorAddress
from engine.types.networks import Network
from engine.types.operations import Failure, Operation, OperationState
from gui.presentation.errors import ErrorWords, Remedy, words_of, words_of_failure
from gui.presentation.names import name_problem, number_problem
from gui.presentation.networks.door import address_of, addresses, short_host, shortened, shown_url
from gui.presentation.networks.words import from_left, network_name, network_word
from gui.presentation.operations import operation_icon, operation_words, progress_text
from gui.presentation.selection import chosen_text, untouched_text
from gui.theme import Tone
from tests.unit.gui.made import STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load("resources/translations/wherry_de.qm")
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


# --- operations ---


def an_operation(kind: str = "pull", **fields: Any) -> Operation:
    known: dict[str, Any] = {"title": "", "subject": "", "state": OperationState.RUNNING, "started": STARTED}
    return Operation(id="1", kind=kind, **known | fields)


@pytest.mark.parametrize(
    ("state", "word", "tone"),
    [
        (OperationState.RUNNING, "Running", Tone.ACCENT),
        (OperationState.SUCCEEDED, "Done", Tone.SUCCESS),
        (OperationState.FAILED, "Failed", Tone.DANGER),
        (OperationState.CANCELLED, "Cancelled", Tone.MUTED),
    ],
)
def test_how_an_operation_is(state: OperationState, word: str, tone: Tone) -> None:
    assert operation_words(an_operation(state=state)) == (word, tone)


@pytest.mark.parametrize(
    ("kinds", "icon"),
    [
        ("pull pull-project", "download"),
        ("push", "upload"),
        ("build build-project", "build"),
        ("load import", "archive"),
        ("save backup", "save"),
        ("prune", "broom"),
        ("commit", "image"),
        ("restore mend", "history"),
        ("clone", "clone"),
        ("export", "logs"),
        ("up", "play"),
        ("down", "stop"),
        ("watch-project", "eye"),
        ("something", "activity"),
    ],
)
def test_each_kind_of_operation_has_an_icon(kinds: str, icon: str) -> None:
    assert {operation_icon(an_operation(kind)) for kind in kinds.split()} == {icon}
    assert Path(f"resources/icons/{icon}.svg").exists()


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("pull", {"status": "resolving"}, "resolving"),
        ("pull", {"done": 1 << 20, "total": 3 << 20}, "1.00 MiB of 3.00 MiB"),
        ("pull", {"done": 1 << 20, "total": 3 << 20, "status": "layers"}, "layers · 1.00 MiB of 3.00 MiB"),
        ("build", {"done": 2, "total": 7}, "step 2 of 7"),
        ("mend", {"done": 2, "total": 7, "status": "images"}, "images · step 2 of 7"),
        ("save", {"state": OperationState.SUCCEEDED, "result": "/x.tar", "status": "s"}, "/x.tar"),
        ("load", {"state": OperationState.SUCCEEDED, "result": "app:1"}, "app:1"),
        ("backup", {"state": OperationState.SUCCEEDED, "result": "/b"}, "/b"),
        ("export", {"state": OperationState.SUCCEEDED, "result": "/e"}, "/e"),
        ("pull", {"state": OperationState.SUCCEEDED, "result": "sha256:1", "status": "s"}, ""),
        ("pull", {"state": OperationState.FAILED, "failure": Failure(code="x", title="No way")}, "No way"),
    ],
)
def test_how_far_an_operation_is_or_what_came_of_it(kind: str, fields: dict[str, Any], text: str) -> None:
    assert progress_text(an_operation(kind, **fields)) == text


# --- errors ---

RETRY, LOGIN, DOCTOR = "retry Try again", "login Log in…", "doctor Open the doctor"
COMMAND = "edit Change the command…"
REMEDIES = {
    Code.UNAUTHORIZED: [LOGIN, RETRY],
    Code.WRONG_LOGIN: [LOGIN, RETRY],
    Code.FORBIDDEN: [LOGIN, RETRY],
    Code.RATE_LIMITED: [LOGIN, RETRY],
    Code.NO_PLATFORM: ["choose-platform Choose a platform…"],
    Code.STORE_LOCKED: [RETRY],
    Code.DNS: [RETRY],
    Code.CONNECT: [RETRY],
    Code.TIMEOUT: [RETRY],
    Code.TLS: ["registries Registry settings…", RETRY],
    Code.DISK_FULL: ["prune Free space…", RETRY],
    Code.PORT_IN_USE: ["edit-ports Change the port…", RETRY],
    Code.PORT_PRIVILEGED: [DOCTOR],
    Code.HOST: [DOCTOR],
    Code.MOUNT_FAILED: [DOCTOR],
    Code.IN_USE: ["show-users Show what uses it"],
    Code.COMMAND_NOT_FOUND: [COMMAND],
    Code.COMMAND_NOT_EXECUTABLE: [COMMAND],
    Code.MOUNT_SOURCE_MISSING: ["edit Change the mounts…"],
    Code.CORRUPT: ["check-store Check the store"],
    Code.INTERNAL: ["report Show the report"],
}


@pytest.mark.parametrize("code", list(Code))
def test_each_kind_of_trouble_offers_what_mends_it(code: Code) -> None:
    found = words_of(WherryError("title", code=code))
    assert [f"{each.id} {each.text}" for each in found.remedies] == REMEDIES.get(code, [])


def test_an_error_keeps_all_that_was_said_of_it() -> None:
    failure = Failure(
        code=Code.NOT_FOUND,
        title="No app:1",
        explanation="manifest unknown",
        hint="Look.",
        details="404",
        subject="app:1",
    )
    told = ErrorWords("No app:1", "Manifest unknown. Look.", "404", (), "app:1")
    assert words_of_failure(failure) == told
    raised = WherryError(
        "No app:1", "manifest unknown", code=Code.NOT_FOUND, hint="Look.", details="404", subject="app:1"
    )
    assert words_of(raised) == told


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", ""),
        ("  ", ""),
        (" it broke ", "It broke."),
        ("it broke…", "It broke…"),
        ("it broke!", "It broke!"),
        ("as follows:", "As follows:"),
        ("h.io is gone", "h.io is gone."),
        ("a", "A."),
    ],
)
def test_what_was_said_becomes_a_sentence(said: str, shown: str) -> None:
    assert words_of(WherryError("title", said, code=Code.INVALID)).text == shown


def test_a_fault_of_ours_is_named_and_can_be_reported() -> None:
    assert words_of(KeyError("x")) == ErrorWords(
        "Something went wrong inside Wherry", "KeyError: 'x'", "", (Remedy("report", "Show the report"),)
    )


@pytest.mark.usefixtures("german")
def test_a_german_window_says_what_kind_of_trouble_it_is_and_keeps_what_it_is_about() -> None:
    found = words_of(WherryError("No app:1", "manifest unknown", code=Code.NOT_FOUND, hint="Look."))
    assert found.title not in ("No app:1", "Not found")
    own_advice = "Vielleicht" in found.text
    assert found.text.startswith("No app:1. Manifest unknown. ")
    assert own_advice, found.text
    assert "Look." not in found.text
    without = words_of(WherryError("It is odd", "so it is", code=Code.INVALID, hint="Look."))
    assert without.text == "It is odd. So it is."
    unknown = words_of_failure(Failure(code="of-later", title="Something new", hint="Look."))
    assert (unknown.title, unknown.text) == ("Something new", "Look.")


# --- selections and names ---


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], "some"),
        (["a" * 40], "some: " + "a" * 40),
        (["a" * 13, "b" * 13, "c"], f"some: {'a' * 13}, {'b' * 13}, +1"),
        (["a" * 13, "b" * 14, "c", "d"], f"some: {'a' * 13}, +3"),
        (["a", "b", "c"], "some: a, b, c"),
    ],
)
def test_what_an_act_will_reach(names: list[str], text: str) -> None:
    assert chosen_text("some", names) == text


def test_what_is_out_of_sight_stays_untouched() -> None:
    assert untouched_text(0) == ""
    assert untouched_text(2).startswith("2 not shown")


@pytest.mark.parametrize(
    ("name", "fits"), [("web-1", True), ("", False), ("-web", False), ("a b", False), ("ä", False)]
)
def test_a_name_that_will_not_do_is_told(name: str, *, fits: bool) -> None:
    assert (name_problem(name) == "") is fits


# --- networks ---


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("pasta", "Default network"),
        ("bridge", "Default network"),
        ("host", "This computer's own network"),
        ("none", "No network"),
        ("front", "front"),
    ],
)
def test_networks_that_are_always_there_have_words(name: str, word: str) -> None:
    assert network_word(name) == word
    network = Network(id="1", name=name, driver="bridge", created=STARTED, builtin=True)
    assert network_name(network) == word


def test_a_network_of_somebody_s_keeps_its_name_whatever_it_is() -> None:
    assert network_name(Network(id="1", name="host", driver="bridge", created=STARTED)) == "host"


def test_figures_keep_their_order_where_words_run_from_the_right(qapp: QApplication) -> None:
    assert from_left("1/2") == "1/2"
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        assert from_left("1/2") == "\u20661/2\u2069"
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


# --- the front door ---


def an_address(container: str, *, runs: bool = True, url: str = "http://web.shop.localhost:8088/") -> DoorAddress:
    hosts = ("web.shop.localhost", "web.localhost")
    return DoorAddress(container_id=container, name="web", hosts=hosts, port=80, url=url, runs=runs)


def test_only_what_runs_has_an_address() -> None:
    door = Door(addresses=(an_address("a"), an_address("b", runs=False)))
    assert addresses({"door": door}) == {"a": door.addresses[0]}
    assert address_of({"door": door}, "a") == door.addresses[0]
    assert address_of({"door": door}, "b") is None
    assert address_of({}, "a") is None


def test_an_address_is_shown_short() -> None:
    assert short_host(an_address("a")) == "web.shop"
    assert shown_url(an_address("a")) == "http://web.shop.localhost:8088"
    long = "http://" + "x" * 60 + ".localhost:8088/"
    assert shown_url(an_address("a", url=long)) == "http://" + "x" * 17 + "…" + "x" * 9 + ".localhost:8088"


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc…efg"), ("abcdefgh", 5, "ab…gh")]
)
def test_of_a_long_text_both_ends_are_shown(text: str, most: int, shown: str) -> None:
    assert shortened(text, most) == shown


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("0", True),
        (" 12 ", True),
        ("13", False),
        ("", False),
        ("-1", False),
        ("²", False),
        ("٣", False),
        ("1.5", False),
    ],
)
def test_a_count_that_will_not_do_is_told(text: str, *, fits: bool) -> None:
    assert number_problem(text, 12) == ("" if fits else "Write a number from 0 to 12")
