"""What is done to images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from gui.actions.images import check_reference
from gui.theme import Tone
from tests.unit.gui.actions.conftest import clipboard, possible
from tests.unit.gui.made import a_container, an_image

if TYPE_CHECKING:
    from tests.support.played_window import PlayedWindow

WEB = a_container("web")


ONE = an_image(tags=("app:1",))
TWO = an_image(id="sha256:2", tags=("app:2", "app:3"))
BARE = an_image(id="sha256:3", tags=())


@pytest.mark.parametrize(
    ("action", "none", "one", "bare", "two", "three"),
    [
        ("run", False, True, True, False, False),
        ("details", False, True, True, False, False),
        ("layers", False, True, True, False, False),
        ("tag", False, True, True, False, False),
        ("compare", False, True, True, True, False),
        ("pull-again", False, True, False, False, False),
        ("push", False, True, False, False, False),
        ("untag", False, False, False, False, False),
        ("save", False, True, True, True, True),
        ("copy-name", False, True, True, True, True),
        ("copy-id", False, True, True, True, True),
        ("remove", False, True, True, True, True),
    ],
)  # fmt: skip
def test_when_something_can_be_done_to_images(
    window: PlayedWindow, action: str, none: bool, one: bool, bare: bool, two: bool, three: bool
) -> None:
    found = possible(window, f"image.{action}", [], [ONE], [BARE], [ONE, TWO], [ONE, TWO, BARE])
    assert found == [none, one, bare, two, three]


def test_only_one_of_several_names_is_taken_away(window: PlayedWindow) -> None:
    assert possible(window, "image.untag", [TWO], [TWO, TWO]) == [True, False]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("team/app:1.0", ""),
        (" app ", ""),
        ("host:5000/team/app:TAG", ""),
        ("Host.io/team/app:1", ""),
        ("localhost/app:Tag", ""),
        ("Host/app:1", ""),
        ("localhosts/A/app", "The part before the tag is written in small letters"),
        ("", "A name is needed, such as team/app:1.0"),
        ("  ", "A name is needed, such as team/app:1.0"),
        ("a b", "Only letters, digits and . _ - / : may be in it"),
        ("-a", "Only letters, digits and . _ - / : may be in it"),
        ("team/App:1", "The part before the tag is written in small letters"),
        ("team/App", "The part before the tag is written in small letters"),
        ("App", "The part before the tag is written in small letters"),
        ("host:5000/App", "The part before the tag is written in small letters"),
    ],
)
def test_what_is_wrong_with_the_name_of_an_image(text: str, wrong: str) -> None:
    assert check_reference(text) == wrong


@pytest.mark.parametrize(
    ("action", "subjects", "shown"),
    [
        ("image.run", [TWO], ("dialog", "run", ("image", "app:2"))),
        ("image.run", [BARE], ("dialog", "run", ("image", "sha256:3"))),
        ("image.details", [ONE], ("page", "images", ONE.id)),
        ("image.layers", [ONE], ("page", "images", ONE.id, "layers")),
        ("image.compare", [ONE], ("page", "images", ONE.id, "compare:")),
        ("image.compare", [ONE, TWO], ("page", "images", ONE.id, "compare:sha256:2")),
        ("images.pull", [], ("dialog", "pull")),
        ("image.pull-again", [TWO], ("dialog", "pull", ("reference", "app:2"), ("start", True))),
        ("image.push", [TWO], ("dialog", "push", ("reference", "app:2"))),
        ("images.prune", [], ("page", "disk", "images")),
        ("images.registries", [], ("dialog", "registries")),
        ("images.find-file", [], ("dialog", "find-file")),
    ],
)
async def test_where_images_are_looked_at(
    window: PlayedWindow, action: str, subjects: list[Any], shown: tuple[Any, ...]
) -> None:
    await window.act(action, subjects)
    assert window.shown == [shown]


async def test_a_tag_is_given_and_taken(window: PlayedWindow) -> None:
    await window.act("image.tag", [BARE])
    assert window.asked == []
    window.writes = " other:1 "
    await window.act("image.tag", [TWO])
    bare, two = window.texts
    assert (bare.title, bare.label, bare.accept, bare.text) == ("Tag <3>", "Another name for it", "Tag", "")
    assert (two.title, two.text) == ("Tag app:2", "app:2")
    assert two.check is check_reference
    await window.act("image.untag", [TWO])
    await window.press()
    assert window.asked == [
        ("images.tag", TWO.id, "other:1"), ("images.remove", "app:2"), ("images.tag", TWO.id, "app:2")
    ]  # fmt: skip
    assert window.toasts == [("Tagged other:1", Tone.SUCCESS), ("Took the tag app:2 away", "Undo")]


async def test_images_are_saved_under_a_name_a_file_may_have(window: PlayedWindow) -> None:
    slashed = an_image(tags=("ghcr.io/team/app:1",))
    await window.act("image.save", [slashed])
    assert window.files == [("save", "Save images to a file", "ghcr.io-team-app-1.tar", "Image archives (*.tar)")]
    window.chooses = "/x.tar"
    await window.act("image.save", [BARE, TWO])
    assert window.files[1][2] == "3.tar"
    assert window.asked == [("images.save_to", ["sha256:3", "app:2"], "/x.tar")]
    assert window.toasts == [("Saved to /x.tar", Tone.SUCCESS)]


async def test_an_image_nothing_needs_goes_without_a_question(window: PlayedWindow) -> None:
    await window.act("image.remove", [ONE, BARE])
    (removal,) = window.removals
    assert (removal.title, removal.hidden, window.questions) == (
        "Removed 2 images", {"image": (ONE.id, BARE.id)}, [],
    )  # fmt: skip
    await removal.work(window.engine)
    window.engine.answers["images.removal_frees"] = 12
    assert removal.gain is not None
    assert await removal.gain(window.engine) == 12
    assert window.asked == [
        ("images.remove", ONE.id, ("force", False)),
        ("images.remove", BARE.id, ("force", False)),
        ("images.removal_frees", (ONE.id, BARE.id)),
    ]


@pytest.mark.parametrize(
    ("images", "title", "text", "names"),
    [
        (
            [TWO],
            "Remove the image?",
            "All its names go. “Take the tag away” takes one.",
            ("app:2", "app:3"),
        ),
        (
            [replace(BARE, used_by=("a", "b")), replace(ONE, used_by=("b",))],
            "Remove 2 images?",
            "2 containers were made from it; they stay, but cannot be made again.",
            ("<3>", "app:1"),
        ),
    ],
)
async def test_before_names_or_a_base_go_it_is_asked(
    window: PlayedWindow, images: list[Any], title: str, text: str, names: tuple[str, ...]
) -> None:
    window.says = None
    await window.act("image.remove", images)
    assert window.removals == []
    window.says = frozenset()
    await window.act("image.remove", images)
    question = window.questions[0]
    assert question.accept == "Remove"
    assert (question.title, question.text, question.details) == (title, text, names)
    await window.removals[0].work(window.engine)
    assert {each[2] for each in window.asked} == {("force", True)}


async def test_names_and_ids_of_images_go_into_the_clipboard(window: PlayedWindow) -> None:
    await window.act("image.copy-name", [ONE, TWO])
    assert clipboard() == "app:1\napp:2"
    await window.act("image.copy-id", [TWO, BARE])
    assert clipboard() == "sha256:2\nsha256:3"
