"""The builds page: the dialog starts one, the list and the graph follow it, a failure stands at its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from engine.types.builds import Build, BuildImage, BuildStep, StepState
from engine.types.operations import Failure
from gui.dialogs.images.build import BuildDialog, dockerfiles_in, suggested_name
from gui.models.builds import BuildsModel
from gui.pages.build.details import lanes_of
from gui.pages.builds import BuildsPage
from gui.presentation.images import builds as words
from gui.presentation.units import step_text
from gui.theme import Tone
from gui.widgets.painted.step_graph import GraphLane, GraphStep, StepGraph
from gui.widgets.texts.source_view import SourceView

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from tests.gui.conftest import Driver

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_build(**changes: object) -> Build:
    steps = (
        BuildStep(id="0.0", stage="one", number=0, total=1, instruction="FROM a AS one", line=1, state=StepState.DONE),
        BuildStep(id="0.1", stage="one", number=1, total=1, instruction="RUN x", line=2, state=StepState.CACHED),
        BuildStep(id="1.0", stage="1", number=0, total=1, instruction="FROM one", line=3, depends_on=("0.1",)),
        BuildStep(id="1.1", stage="1", number=1, total=1, instruction="RUN y", line=4, depends_on=("1.0",)),
    )
    build = Build(id="b1", context="/home/me/app", dockerfile="Dockerfile", tags=(), started=START, steps=steps)
    return msgspec.structs.replace(build, **changes)


def test_words() -> None:
    build = a_build()
    assert words.build_title(build) == "app"
    assert words.steps_text(build) == "4 steps, 1 cached"
    assert words.build_words(build).word == "Building"
    assert words.steps_text(a_build(steps=build.steps[:1])) == "1 step"
    done = a_build(ended=START + timedelta(seconds=75), tags=("x:1",))
    assert (words.build_title(done), words.build_words(done).tone) == ("x:1", Tone.SUCCESS)
    assert step_text(words.seconds_of(done)) == "1 min 15 s"


def test_what_a_client_sent_is_not_called_by_the_directory_it_lies_in() -> None:
    sent = a_build(context="/store/contexts/sent/0f1e2d", request=BuildImage(context="/store/0f1e2d", filtered=True))
    assert (words.build_title(sent), words.where_text(sent)) == ("Dockerfile", "sent by a client")
    assert words.build_title(a_build(request=sent.request, tags=("shop:1",))) == "shop:1"


def test_a_failure_is_told_with_its_line_once() -> None:
    step = Failure(code="build-step-failed", title="The step ended with exit code 1")
    assert words.failure_title(a_build(failure=step, error_line=7)) == "Line 7: The step ended with exit code 1"
    mistake = Failure(code="invalid-dockerfile", title="Line 7, column 1: Unknown instruction", subject="7")
    assert words.failure_title(a_build(failure=mistake, error_line=7)) == mistake.title
    assert words.failure_title(a_build(failure=step)) == step.title


def test_lanes_stand_behind_what_they_wait_for(qtbot: QtBot) -> None:
    lanes = lanes_of(a_build())
    assert [(lane.title, lane.waits_for) for lane in lanes] == [("one", ()), ("Result", (0,))]
    assert lanes[0].steps[1].detail == "Cached"


def test_the_model_is_sound(qtbot: QtBot) -> None:
    model = BuildsModel()
    tester = QAbstractItemModelTester(model)
    model.set_items([("b1", a_build()), ("b2", a_build(id="b2"))])
    model.set_items([("b1", a_build(tags=("y",)))])
    assert model.rowCount() == 1
    assert tester is not None


def test_a_step_is_chosen_by_pointer_and_by_key(qtbot: QtBot) -> None:
    graph = StepGraph("steps")
    qtbot.addWidget(graph)
    steps = tuple(GraphStep(str(n), f"RUN {n}", Tone.NEUTRAL, "check") for n in range(3))
    graph.set_lanes([GraphLane("a", steps)])
    graph.show()
    chosen: list[str] = []
    graph.chosen.connect(chosen.append)
    QTest.mouseClick(graph, Qt.MouseButton.LeftButton, pos=QPointF(60, 12 + 30 + 10).toPoint())
    QTest.keyClick(graph, Qt.Key.Key_Down)
    QTest.keyClick(graph, Qt.Key.Key_Escape)
    assert chosen == ["0", "1", ""]


def test_the_remark_stands_below_its_line_and_is_not_counted(qtbot: QtBot) -> None:
    view = SourceView("Dockerfile")
    qtbot.addWidget(view)
    view.set_text("FROM a\nRUN x\nCMD y\n")
    view.mark(2, "went wrong\ntry this")
    lines = view.toPlainText().splitlines()
    assert lines[1:4] == ["RUN x", "↑ went wrong", "↑ try this"]
    numbers = [view.number_of(view.document().findBlockByNumber(n)) for n in range(5)]
    assert numbers == [1, 2, 0, 0, 3]


def test_what_a_dockerfile_asks_beyond_a_build_is_a_question(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\nRUN --network=host true\n")
    (tmp_path / "harmless.dockerfile").write_text("FROM a\nRUN true\n")
    driver.window.trigger("builds.new", [])
    dialog = driver.dialog("dialog.build")
    assert isinstance(dialog, BuildDialog)
    dialog.folder.setText(str(tmp_path))
    network, everything = dialog.allowances["network.host"], dialog.allowances["security.insecure"]
    assert (network.isVisible(), everything.isVisible()) == (True, False)
    assert dialog.request().allow == (), "nobody said yes"
    network.setChecked(True)
    assert dialog.request().allow == ("network.host",)
    dialog.dockerfile.setCurrentText("harmless.dockerfile")
    assert not network.isVisible()
    assert dialog.request().allow == (), "a yes is for the Dockerfile it was given for"
    dialog.reject()


def test_a_build_from_the_dialog_is_followed_to_its_end(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    (tmp_path / "other.dockerfile").write_text("FROM a\n")
    driver.window.trigger("builds.new", [])
    dialog = driver.dialog("dialog.build")
    assert isinstance(dialog, BuildDialog)
    assert not dialog.accept_button.isEnabled()
    dialog.folder.setText(str(tmp_path / "nowhere"))
    assert "no folder" in dialog.problem.text()
    dialog.folder.setText(str(tmp_path))
    assert dialog.dockerfile.count() == 2
    dialog.arguments.setPlainText("=x")
    assert not dialog.accept_button.isEnabled()
    dialog.arguments.setPlainText("A=1")
    assert dialog.request().build_args == {"A": "1"}
    dialog.tag.setText("mine:1")
    dialog.accept()
    driver.until(lambda: any(b.image_id for b in driver.client.mirror.builds.values()))
    build = next(b for b in driver.client.mirror.builds.values() if b.image_id)
    assert build.tags == ("mine:1",)
    page = driver.window.findChild(BuildsPage)
    assert page is not None
    driver.until(lambda: page.details.badge.text == "Built")
    driver.until(lambda: page.details.source.line_count() > 0)
    page.show_list()
    assert page.table.model().rowCount() == len(driver.client.mirror.builds)


def test_a_repository_is_built_from_its_address(driver: Driver) -> None:
    driver.window.trigger("builds.new", [])
    dialog = driver.dialog("dialog.build")
    assert isinstance(dialog, BuildDialog)
    dialog.folder.setText("https://code.example/me/shop.git#main:web")
    assert dialog.problem.text() == ""
    assert dialog.tag.text() == "shop"
    assert dialog.accept_button.isEnabled()
    assert dialog.request().context == "https://code.example/me/shop.git#main:web"
    dialog.arguments.setPlainText("=x")
    assert not dialog.accept_button.isEnabled()
    dialog.reject()


def test_a_failure_is_shown_at_its_line(driver: Driver) -> None:
    failure = Failure(code="invalid-dockerfile", title="Line 2: no such thing", hint="Did you mean RUN?")
    build = a_build(ended=START, failure=failure, error_line=2, dockerfile_text="FROM a\nRNU x\n", failed_step="0.1")
    driver.engine.store.put("build", build)
    driver.until(lambda: "b1" in driver.client.mirror.builds)
    driver.window.navigate("builds", "b1", "dockerfile")
    page = driver.window.findChild(BuildsPage)
    assert page is not None
    driver.until(lambda: "↑ Line 2" in page.details.dockerfile.source.toPlainText())
    assert page.details.problem.isVisible()
    assert not page.details.run.isVisible()


def test_names_and_recipes_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.Dockerfile", "Dockerfile", "Containerfile", "x.dockerignore", "readme"):
        (tmp_path / name).write_text("")
    assert dockerfiles_in(str(tmp_path)) == ["Dockerfile", "Containerfile", "b.Dockerfile"]
    assert suggested_name("/tmp/My App!") == "my-app"


def failed_build(driver: Driver, **changes: Any) -> Any:
    failure = Failure(code="invalid-dockerfile", title="Line 2: no such thing", hint="Did you mean RUN?")
    build = a_build(ended=START, failure=failure, error_line=2, dockerfile_text="FROM a\r\nRNU x\r\n", **changes)
    driver.engine.store.put("build", build)
    driver.until(lambda: build.id in driver.client.mirror.builds)
    driver.window.navigate("builds", build.id, "dockerfile")
    page: Any = driver.window.page("builds")
    driver.until(lambda: page.details.dockerfile.edit_button.isVisible())
    return page.details


def test_a_broken_build_is_mended_where_it_is_read_and_built_again(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(b"FROM a\r\nRNU x\r\n# \xc2\xa0end")
    file.chmod(0o640)
    request = BuildImage(context=str(tmp_path))
    details = failed_build(driver, request=request)
    driver.bot.mouseClick(details.dockerfile.edit_button, Qt.MouseButton.LeftButton)
    editor = details.dockerfile.editor
    assert editor.text.textCursor().blockNumber() == 1, "at the line that is wrong"
    cursor = editor.text.textCursor()
    editor.text.moveCursor(cursor.MoveOperation.EndOfLine, cursor.MoveMode.KeepAnchor)
    driver.bot.keyClicks(editor.text, "RUN true")
    assert driver.window.unsaved() == [str(file)]
    asked: list[BuildImage] = []
    build = driver.engine.builds.build
    monkeypatch.setattr(driver.engine.builds, "build", lambda wanted: (asked.append(wanted), build(wanted))[1])
    details.again.click()
    driver.until(lambda: asked)
    assert asked == [request]
    assert file.read_bytes() == b"FROM a\r\nRUN true\r\n# \xc2\xa0end"
    assert file.stat().st_mode & 0o777 == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"Dockerfile", "wherry.ini"}, "nothing half written is left"


def test_a_dockerfile_that_somebody_else_mended_is_not_written_over(driver: Driver, tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(b"RNU x\n")
    details = failed_build(driver, request=BuildImage(context=str(tmp_path)))
    details.dockerfile.edit()
    details.dockerfile.editor.text.insertPlainText("RUN ")
    file.write_bytes(b"RUN theirs\n")
    details.again.click()
    driver.reject()
    driver.no_dialog()
    assert file.read_bytes() == b"RUN theirs\n"
    assert details.dockerfile.editor.dirty


def test_a_build_that_was_given_a_text_is_built_with_the_mended_text(driver: Driver) -> None:
    details = failed_build(driver, request=BuildImage(dockerfile_text="FROM a\r\nRNU x\r\n"))
    details.dockerfile.edit()
    details.dockerfile.editor.text.insertPlainText("# ")
    asked = details.dockerfile.request()
    assert asked.dockerfile_text == "FROM a\r\n# RNU x\r\n"
