"""Images, their layers and files in words."""

from __future__ import annotations

from typing import Any

import pytest

from engine.types.data import Platform
from engine.types.images import FileEntry, FileKind, HistoryStep, Layer, TreeChange, TreeNode
from gui.presentation.images import words
from gui.presentation.units import clock_text
from gui.theme import Tone
from tests.unit.gui.made import AGO, a_container, an_image

ARM = Platform(os="linux", architecture="arm64")


@pytest.mark.parametrize(
    ("fields", "name", "below"),
    [
        ({"tags": ("app:1",)}, "app:1", "abababababab  ·  linux/amd64"),
        ({"tags": ("app:1", "app:2")}, "app:1", "abababababab  ·  linux/amd64  ·  1 more tag"),
        ({"tags": ("app:1", "app:2", "x")}, "app:1", "abababababab  ·  linux/amd64  ·  2 more tags"),
        ({"tags": ()}, "<abababababab>", "abababababab  ·  linux/amd64"),
        (
            {"tags": (), "index_names": ("app:1", "b"), "platform": ARM},
            "app:1 (linux/arm64)",
            "abababababab  ·  linux/arm64",
        ),
        ({"tags": ("own:1",), "index_names": ("app:1",)}, "own:1", "abababababab  ·  linux/amd64"),
    ],
)  # fmt: skip
def test_what_an_image_is_called(fields: dict[str, Any], name: str, below: str) -> None:
    image = an_image(**fields)
    assert (words.image_name(image), words.image_subtext(image)) == (name, below)


@pytest.mark.parametrize(
    ("used_by", "text"),
    [(("b", "a", "gone"), "alpha, beta"), ((), "Unused"), (("gone", "away"), "2")],
)
def test_who_uses_an_image(used_by: tuple[str, ...], text: str) -> None:
    containers = {"a": a_container("alpha"), "b": a_container("beta")}
    assert words.used_by_text(an_image(used_by=used_by), containers) == text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("/bin/sh -c #(nop)  CMD [\"sh\"]", 'CMD ["sh"]'),
        ("/bin/sh -c apt-get  install \n x", "RUN apt-get install x"),
        ("|2 A=1 B=2 /bin/sh -c make", "RUN make"),
        ("RUN /bin/sh -c make # buildkit", "RUN make"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("  ENV A=1  ", "ENV A=1"),
        ("COPY /bin/sh -c", "COPY /bin/sh -c"),
        ("/bin/sh -c echo /bin/sh -c x", "RUN echo /bin/sh -c x"),
    ],
)  # fmt: skip
def test_a_step_stands_as_in_the_dockerfile(written: str, shown: str) -> None:
    assert words.step_words(written) == shown
    step = HistoryStep(created=None, created_by=written)
    assert words.layer_step(Layer(index=0, diff_id="", size=0, files=0, step=step)) == shown


@pytest.mark.parametrize("step", [None, HistoryStep(created=None, created_by="")])
def test_a_layer_nobody_wrote_down_says_so(step: HistoryStep | None) -> None:
    assert words.layer_step(Layer(index=0, diff_id="", size=0, files=0, step=step)) == "(no step is recorded)"


@pytest.mark.parametrize(
    ("score", "tone"),
    [(1, Tone.SUCCESS), (0.95, Tone.SUCCESS), (0.949, Tone.WARNING), (0.8, Tone.WARNING), (0.799, Tone.DANGER)],
)
def test_how_good_a_score_is(score: float, tone: Tone) -> None:
    assert words.score_tone(score) is tone


@pytest.mark.parametrize(("path", "shown"), [("/a/ü", "/a/ü"), ("/a/\udcff", "/a/\ufffd")])
def test_a_path_that_is_no_text_can_be_drawn(path: str, shown: str) -> None:
    assert words.shown_path(path) == shown


@pytest.mark.parametrize(("mode", "text"), [(0o755, "rwxr-xr-x"), (0o4755, "rwsr-xr-x"), (0o1777, "rwxrwxrwt")])
def test_permissions_stand_as_ls_writes_them(mode: int, text: str) -> None:
    entry = FileEntry(path="/a", kind=FileKind.FILE, size=2048, mode=mode, uid=7, gid=8)
    assert words.entry_words(entry) == f"2.00 KiB  ·  {text}  ·  7:8"


@pytest.mark.parametrize(
    ("change", "text", "tone"),
    [
        (TreeChange.ADDED, "Added", Tone.SUCCESS),
        (TreeChange.CHANGED, "Changed", Tone.WARNING),
        (TreeChange.REMOVED, "Removed", Tone.DANGER),
        (TreeChange.MODE_ONLY, "Mode or owner", Tone.INFO),
        (TreeChange.SAME, "", None),
    ],
)
def test_what_a_layer_did_to_a_file(change: TreeChange, text: str, tone: Tone | None) -> None:
    assert (words.change_words(change), words.change_tone(change)) == (text, tone)
    node = TreeNode(entry=FileEntry(path="/a", kind=FileKind.FILE), change=change, layer=2)
    assert words.version_words(node, "") == f"Layer 3  ·  {text or 'Put again'}"
    assert words.version_words(node, "RUN x") == f"Layer 3  ·  {text or 'Put again'}  ·  RUN x"


def test_when_an_image_was_made() -> None:
    assert words.created_words(an_image()) == clock_text(AGO["created"])
