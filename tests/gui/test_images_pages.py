"""Images in the window: every action with its question, effect and error; pulls that fail; layers; comparison."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from engine.errors import Code, RegistryError
from gui.actions.images import check_reference
from gui.dialogs.images.pull import _repository
from gui.dialogs.images.transfer import server_of
from gui.frame.dropping import offer
from gui.presentation.disk import frees
from gui.presentation.images.words import shown_path, step_words
from gui.presentation.units import bytes_text
from gui.theme import Tone
from tests.fakes.trees import LayeredTree
from tests.gui.test_machines import drag_over, drop_on, know, switcher

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from engine.types.images import Image
    from gui.widgets.lists.progress_rows import ProgressRow
    from tests.gui.conftest import Driver

NGINX = "docker.io/library/nginx:1.27"


def image(driver: Driver, part: str = "nginx") -> Image:
    return next(i for i in driver.client.mirror.images.values() if any(part in tag for tag in i.tags))


def page(driver: Driver) -> Any:
    driver.window.navigate("images")
    return driver.window.page("images")


def drop_onto(widget: QWidget, path: Path) -> None:
    """As the desktop tells it: each widget from the one below the pointer upwards is asked whether it wants it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    held = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place = QPointF(50, 50)
    taker: QWidget | None = widget
    while taker is not None:
        enter = QDragEnterEvent(place.toPoint(), *held)
        enter.ignore()
        if taker.acceptDrops() and QApplication.sendEvent(taker, enter) and enter.isAccepted():
            QApplication.sendEvent(taker, QDropEvent(place, *held))
            return
        taker = taker.parentWidget()
    raise AssertionError("nobody wants it")


def shown_rows(dialog: Any) -> list[ProgressRow]:
    rows: list[ProgressRow] = dialog.rows._rows._rows
    return rows


def press(driver: Driver, dialog: QDialog, words: str) -> None:
    knobs = [k for k in dialog.findChildren(QAbstractButton) if k.text() == words and k.isVisible()]
    assert knobs, [k.text() for k in dialog.findChildren(QAbstractButton) if k.isVisible()]
    driver.bot.mouseClick(knobs[0], Qt.MouseButton.LeftButton)


def test_the_list_shows_all_filters_and_keeps_its_model_sound(driver: Driver) -> None:
    shown = page(driver)
    tester = QAbstractItemModelTester(shown.list.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert shown.list.filtered.rowCount() == len(driver.client.mirror.images)
    shown.list.search.setText("redis")
    driver.until(lambda: shown.list.filtered.rowCount() == 1)
    shown.list.search.setText("nothing-like-it")
    driver.until(lambda: shown.list.filtered.rowCount() == 0)
    assert "nothing-like-it" in shown.list._empty.accessibleName()
    driver.until(lambda: "on disk" in shown.list.header._subtitle.text)
    del tester


def test_tag_untag_and_undo(driver: Driver) -> None:
    driver.window.trigger("image.tag", [image(driver)])
    dialog = driver.dialog("question")
    dialog.findChild(QLineEdit).setText("team/web:2")
    dialog.accept()
    driver.until(lambda: any("team/web:2" in tag for tag in image(driver).tags))
    before = image(driver).tags
    driver.window.trigger("image.untag", [image(driver)])
    driver.until(lambda: len(driver.client.mirror.images[image(driver, "web:2").id].tags) == len(before) - 1)
    driver.undo()
    driver.until(lambda: set(image(driver, "web:2").tags) == set(before))


def test_a_bad_name_is_not_taken() -> None:
    assert check_reference("") != ""
    assert check_reference("has space") != ""
    assert check_reference("ghcr.io/team/App:1") != ""
    assert check_reference("ghcr.io/team/app:1.0") == ""


def test_removing_an_unused_image_asks_nothing_and_tells_the_gain(driver: Driver) -> None:
    unused = next(i for i in driver.client.mirror.images.values() if len(i.used_by) == 1 and len(i.tags) == 1)
    driver.ask(lambda engine: engine.containers.remove(unused.used_by[0], force=True))
    driver.until(lambda: not driver.client.mirror.images[unused.id].used_by)
    driver.window.trigger("image.remove", [driver.client.mirror.images[unused.id]])
    driver.until(lambda: unused.id not in driver.client.mirror.images)
    driver.no_dialog()
    driver.until(lambda: any("Frees" in text for text in driver.toast_texts()))


def test_saying_no_removes_nothing(driver: Driver) -> None:
    used = next(i for i in driver.client.mirror.images.values() if i.used_by)
    driver.window.trigger("image.remove", [used])
    driver.reject()
    driver.no_dialog()
    assert used.id in driver.client.mirror.images
    assert not driver.window.removal.busy


def test_an_image_in_use_is_asked_about(driver: Driver) -> None:
    used = next(i for i in driver.client.mirror.images.values() if i.used_by)
    driver.window.trigger("image.remove", [used])
    dialog = driver.dialog("question")
    said = " ".join(words.text() for words in dialog.findChildren(QLabel))
    assert "made from it" in said
    assert used.tags[0] in said
    dialog.accept()
    driver.until(lambda: used.id not in driver.client.mirror.images)


def test_names_are_copied(driver: Driver) -> None:
    driver.window.trigger("image.copy-name", [image(driver)])
    driver.until(lambda: QGuiApplication.clipboard().text() == NGINX)
    driver.window.trigger("image.copy-id", [image(driver)])
    driver.until(lambda: QGuiApplication.clipboard().text() == image(driver).id)


# --- pulls ---


def test_a_pull_shows_its_layers_and_ends_with_what_to_do_next(driver: Driver) -> None:
    driver.engine.images.step_seconds = 0.03
    driver.window.open_dialog("pull", reference="quay.io/acme/tool:3", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(lambda: dialog.rows._rows.count > 0)
    assert not dialog.name.isEnabled()
    driver.until(lambda: not dialog.running)
    assert any("quay.io/acme/tool:3" in i.tags for i in driver.client.mirror.images.values())
    # The result may come before the last state of the bars: they still end full.
    driver.until(lambda: all(row.tone is Tone.SUCCESS and row.done == row.total for row in shown_rows(dialog)))
    assert not dialog.status.isVisible()
    press(driver, dialog, "Look inside")
    driver.no_dialog()
    assert driver.window.current_page_id == "images"


def test_a_pull_is_cancelled(driver: Driver) -> None:
    driver.engine.images.step_seconds = 0.2
    driver.window.open_dialog("pull", reference="quay.io/acme/slow:1", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(lambda: dialog._ticket is not None)
    press(driver, dialog, "Cancel")
    driver.until(lambda: not dialog.running)
    assert "Cancelled" in dialog.status.text()
    assert not any("slow" in tag for i in driver.client.mirror.images.values() for tag in i.tags)
    assert dialog.start.isEnabled()


def test_a_pull_goes_on_when_its_dialog_is_closed(driver: Driver) -> None:
    driver.engine.images.step_seconds = 0.05
    driver.window.open_dialog("pull", reference="quay.io/acme/later:1", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(lambda: dialog._ticket is not None)
    press(driver, dialog, "Go on in the background")
    driver.until(lambda: any("later" in text for text in driver.toast_texts()))


@pytest.mark.parametrize(
    ("code", "buttons"),
    [
        (Code.UNAUTHORIZED, {"Log in…", "Retry"}),
        (Code.FORBIDDEN, {"Log in…", "Retry"}),
        (Code.RATE_LIMITED, {"Log in…", "Retry"}),
        (Code.NOT_FOUND, {"Choose a tag…", "Retry"}),
        (Code.NO_PLATFORM, {"Choose a platform…"}),
        (Code.DNS, {"Retry"}),
        (Code.TIMEOUT, {"Retry"}),
        (Code.TLS, {"Registry settings…", "Retry"}),
        (Code.DISK_FULL, {"Free space…", "Retry"}),
        (Code.DIGEST_MISMATCH, {"Retry"}),
    ],
)
def test_each_failure_has_its_remedies(driver: Driver, code: Code, buttons: set[str]) -> None:
    driver.engine.images.pull_errors["quay.io/acme/bad:1"] = RegistryError("It failed", "because", code=code)
    driver.window.open_dialog("pull", reference="quay.io/acme/bad:1", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(lambda: not dialog.running and dialog.banner.isVisible())
    found = {k.text() for k in dialog.banner.findChildren(QAbstractButton) if k.isVisible() and k.text()}
    assert found == buttons


def test_retry_works_once_the_cause_is_gone(driver: Driver) -> None:
    errors = driver.engine.images.pull_errors
    errors["quay.io/acme/flaky:1"] = RegistryError("No answer", code=Code.CONNECT)
    driver.window.open_dialog("pull", reference="quay.io/acme/flaky:1", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(lambda: not dialog.running and dialog.banner.isVisible())
    errors.clear()
    press(driver, dialog, "Retry")
    driver.until(lambda: any("flaky" in tag for i in driver.client.mirror.images.values() for tag in i.tags))


def test_after_a_failure_the_name_can_be_typed_anew_at_once(driver: Driver) -> None:
    driver.engine.images.pull_errors["quay.io/acme/bad:1"] = RegistryError("No", code=Code.NOT_FOUND)
    driver.window.open_dialog("pull", reference="quay.io/acme/bad:1", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(lambda: dialog.banner.isVisible() and not dialog.running)
    driver.until(lambda: dialog.focusWidget() is dialog.name)


def test_tags_are_offered_and_taken(driver: Driver) -> None:
    driver.window.open_dialog("pull", reference="docker.io/library/nginx:nope")
    dialog: Any = driver.dialog("dialog.pull")
    press(driver, dialog, "Choose a tag…")
    driver.until(lambda: dialog.tags.count() > 0 and dialog.tags.item(0).data(Qt.ItemDataRole.UserRole))
    dialog._take_tag(dialog.tags.item(0))
    assert dialog.name.text().startswith("docker.io/library/nginx:")
    assert dialog.name.text() != "docker.io/library/nginx:nope"


def test_an_empty_name_is_told_in_words(driver: Driver) -> None:
    driver.window.open_dialog("pull")
    dialog: Any = driver.dialog("dialog.pull")
    dialog.begin()
    assert dialog.banner.isVisible()
    assert not dialog.running


@pytest.mark.parametrize(
    ("reference", "repository", "server"),
    [
        ("nginx:1", "nginx", "docker.io"),
        ("localhost:5000/a/b:2", "localhost:5000/a/b", "localhost:5000"),
        ("ghcr.io/x/y@sha256:00", "ghcr.io/x/y", "ghcr.io"),
        ("team/app", "team/app", "docker.io"),
    ],
)
def test_references_are_taken_apart(reference: str, repository: str, server: str) -> None:
    assert _repository(reference) == repository
    assert server_of(reference) == server


# --- registries, pruning, finding ---


def test_a_login_is_kept_and_left(driver: Driver) -> None:
    after: list[int] = []
    driver.window.open_dialog("login", server="ghcr.io", then=lambda: after.append(1))
    dialog: Any = driver.dialog("dialog.login")
    dialog._log_in()
    assert dialog.banner.isVisible()
    dialog.username.setText("ada")
    dialog.password.setText("wrong")
    dialog._log_in()
    driver.until(lambda: "does not take this user name" in dialog.banner.accessibleName())
    dialog.password.setText("secret")
    dialog._log_in()
    driver.until(lambda: after == [1])
    driver.window.open_dialog("registries")
    registries: Any = driver.dialog("dialog.registries")
    driver.until(lambda: any("ghcr.io" in k.toolTip() for k in registries.findChildren(QAbstractButton)))
    out = next(k for k in registries.findChildren(QAbstractButton) if "ghcr.io" in k.toolTip())
    driver.bot.mouseClick(out, Qt.MouseButton.LeftButton)
    driver.until(lambda: not driver.engine.images._logins)


def test_registry_settings_are_kept(driver: Driver) -> None:
    driver.window.open_dialog("registries")
    dialog: Any = driver.dialog("dialog.registries")
    dialog.new_host.setText("registry.local:5000")
    dialog._add_host()
    dialog.insecure.setChecked(True)
    dialog.mirrors.setText("a.example, b.example")
    dialog.https_proxy.setText(" http://proxy.example:3128 ")
    dialog._save()
    driver.until(lambda: driver.engine.images._proxies.https == "http://proxy.example:3128")
    kept = driver.engine.images._registries[0]
    assert (kept.host, kept.insecure, kept.mirrors) == ("registry.local:5000", True, ("a.example", "b.example"))


def test_unused_on_the_images_page_is_what_the_disk_page_can_free(driver: Driver) -> None:
    spare = next(i for i in driver.client.mirror.images.values() if not i.used_by)
    driver.engine.disk.held_by_cache[spare.id] = spare.unique_size - 9
    usage = driver.ask(lambda engine: engine.disk.usage(["images"])).part("images")
    driver.window.navigate("images")
    words = page(driver).list.header._subtitle
    driver.until(lambda: f"{bytes_text(frees(usage))} of it unused" in words.text)


def test_a_file_is_found_in_all_images(driver: Driver) -> None:
    driver.window.trigger("images.find-file")
    dialog: Any = driver.dialog("dialog.find-file")
    driver.bot.keyClicks(dialog.search, "libcrypto")
    driver.until(lambda: dialog.model.rowCount() > 3 and "so far" not in dialog.count.text())
    hit = dialog.model.item("2")
    dialog._open("2")
    driver.no_dialog()
    assert driver.window.current_page_id == "images"
    inspector: Any = page(driver).details.inspector
    driver.until(lambda: inspector.files.current_row() is not None)
    assert inspector._image == hit.image_id
    assert inspector.stack.current_key() == hit.layer
    assert inspector.files.current_row().path == hit.entry.path
    assert inspector.files.isExpanded(inspector.files.currentIndex().parent())
    assert inspector.preview.isVisibleTo(inspector)
    driver.until(lambda: inspector.preview.versions.currentData() == hit.layer)
    assert f"Layer {hit.layer + 1}" in inspector.preview.versions.currentText()


def test_the_step_that_put_a_file_there_leads_to_its_layer(driver: Driver) -> None:
    layers = LayeredTree.of(image(driver)).layers
    path = next(path for path in layers[-1] if sum(path in layer for layer in layers) > 1)
    driver.window.navigate("images", image(driver).id, f"layers:-1:{path}")
    inspector: Any = page(driver).details.inspector
    driver.until(lambda: inspector.preview.versions.count() > 1)
    preview = inspector.preview
    newest = preview.versions.itemData(0)
    assert preview.versions.currentData() == newest
    assert inspector.report.layers[newest].step.created_by.split()[0] in preview.versions.currentText()
    older = preview.versions.itemData(1)
    preview._on_version(1)
    assert inspector.stack.current_key() == older < newest
    driver.until(lambda: preview.versions.currentData() == older)
    driver.until(lambda: inspector.files.current_row() is not None)
    assert inspector.files.current_row().path == path


# --- inside ---


def test_the_inspector_walks_layers_files_map_and_waste(driver: Driver) -> None:
    shown = page(driver)
    driver.window.navigate("images", image(driver).id, "layers")
    inspector = shown.details.inspector
    tester = QAbstractItemModelTester(inspector.files.files, QAbstractItemModelTester.FailureReportingMode.Fatal)
    driver.until(lambda: inspector.report is not None and inspector.files.files.rowCount() > 0)
    assert len(inspector.stack._layers) == len(inspector.report.layers)
    driver.bot.keyClick(inspector.stack, Qt.Key.Key_Down)
    driver.until(lambda: inspector.files.files.rowCount() > 0)
    assert inspector.only.isEnabled()
    inspector.only.setChecked(True)
    driver.until(lambda: inspector.files.files.rowCount() > 0)
    inspector.panes.set_current("map")
    inspector._show_pane()
    driver.until(lambda: inspector.map._nodes)
    folder = next(node for node in inspector.map._nodes if node.folder)
    inspector.map.entered.emit(folder.key)
    driver.until(lambda: inspector._crumb.text == folder.key)
    inspector._leave_folder()
    driver.until(lambda: inspector._crumb.text == "/")
    inspector.panes.set_current("waste")
    inspector._show_pane()
    assert inspector.waste.rows.rowCount() == len(inspector.report.wasted)
    if inspector.report.wasted:
        inspector.waste.activated_key.emit("0:" + inspector.report.wasted[0].path)
        assert inspector.preview.isVisibleTo(inspector)
    del tester


def test_a_file_is_previewed_with_where_it_came_from(driver: Driver) -> None:
    shown = page(driver)
    driver.window.navigate("images", image(driver).id, "layers")
    inspector = shown.details.inspector
    driver.until(lambda: inspector.report is not None)
    found = driver.ask(lambda engine: engine.images.largest(image(driver).id, "/"))
    path = next(node.entry.path for node in found if node.entry.kind == "file")
    inspector._reveal(path)
    driver.until(lambda: inspector.preview.text.toPlainText() != "")
    driver.until(lambda: "Layer" in inspector.preview.versions.currentText())


def test_a_file_is_found_in_the_layers(driver: Driver) -> None:
    shown = page(driver)
    driver.window.navigate("images", image(driver).id, "layers")
    inspector = shown.details.inspector
    driver.until(lambda: inspector.report is not None)
    driver.bot.keyClicks(inspector.search, "libcrypto")
    driver.until(lambda: inspector.found.rows.rowCount() > 0)
    inspector.found.activated_key.emit("0")
    assert inspector.panes.current() == "files"
    inspector.search.clear()
    driver.until(lambda: inspector.found.rows.rowCount() == 0)


def test_all_parts_of_the_details_load(driver: Driver) -> None:
    shown = page(driver)
    driver.window.navigate("images", image(driver).id, "history")
    driver.until(lambda: shown.details.history.model.rowCount() > 1)
    driver.window.navigate("images", image(driver).id, "inspect")
    driver.until(lambda: shown.details.inspect.tree.topLevelItemCount() > 0)
    driver.window.navigate("images", image(driver).id, "overview")
    assert shown.details._stack.currentWidget() is shown.details.overview
    user = next(iter(image(driver).used_by))
    shown.details.overview._facts.activated.emit(user)
    assert driver.window.current_page_id == "containers"


def test_details_go_back_when_the_image_goes(driver: Driver) -> None:
    shown = page(driver)
    unused = next(i for i in driver.client.mirror.images.values() if not i.used_by)
    driver.window.navigate("images", unused.id)
    assert shown._stack.currentWidget() is shown.details
    driver.ask(lambda engine: engine.images.remove(unused.id, force=True))
    driver.until(lambda: shown._stack.currentWidget() is shown.list)


def test_two_images_are_compared_and_swapped(driver: Driver) -> None:
    shown = page(driver)
    driver.window.trigger("image.compare", [image(driver), image(driver, "redis")])
    driver.until(lambda: shown.compare is not None and shown.compare.files.rows.rowCount() > 0)
    left = shown.compare.first.currentData()
    shown.compare._swap()
    assert shown.compare.second.currentData() == left
    driver.until(lambda: "differ" in shown.compare.summary.text)


def test_a_container_is_compared_with_its_image(driver: Driver) -> None:
    driver.trigger("container.compare", "grafana")
    shown = page(driver)
    driver.until(lambda: shown.compare is not None and "differ" in shown.compare.summary.text)
    compare: Any = shown.compare
    assert compare.second.currentText() == "grafana"
    assert compare.first.currentData() == driver.container("grafana").image_id
    assert not compare.first.isEnabled(), "only the image it was made from can say what it changed"
    driver.window.trigger("image.compare", [image(driver), image(driver, "redis")])
    driver.until(lambda: compare.first.isEnabled())


def test_a_file_that_differs_is_shown_line_by_line(driver: Driver) -> None:
    driver.window.trigger("image.compare", [image(driver), image(driver, "redis")])
    shown = page(driver)
    driver.until(lambda: shown.compare is not None)
    compare: Any = shown.compare
    driver.until(lambda: compare.files.rows.rowCount() > 0)
    assert compare.difference.isHidden()
    key = next(str(n) for n, row in enumerate(compare.files.rows.items()) if row.old is None and row.new.size)
    assert compare.files.select_key(key)
    driver.until(lambda: compare.difference.toPlainText().startswith("---"))
    compare._show_part("packages")
    assert compare.difference.isHidden()


@pytest.mark.parametrize("page_id", ["images", "containers", "welcome", "networks"])
def test_archives_dropped_anywhere_are_loaded(driver: Driver, tmp_path: Path, page_id: str) -> None:
    driver.window.navigate(page_id)
    archive = tmp_path / "images.tar"
    archive.write_bytes(b"tar")
    drop_onto(driver.window.page(page_id), archive)
    driver.until(lambda: any("localhost/images" in tag for i in driver.client.mirror.images.values() for tag in i.tags))
    driver.until(lambda: any("Loaded" in text for text in driver.toast_texts()))


def test_a_dropped_folder_is_offered_to_be_built(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    drop_onto(driver.window.page("containers"), tmp_path / "Dockerfile")
    dialog: Any = driver.dialog("dialog.build")
    assert dialog.folder.text() == str(tmp_path)
    dialog.reject()
    assert offer(str(tmp_path)) != "" == offer(str(tmp_path / "notes.txt"))


def test_a_dragged_image_is_given_away_when_its_archive_is_whole(driver: Driver, monkeypatch: Any) -> None:
    shown = page(driver)
    drags: list[tuple[QMimeData, list[Path]]] = []

    def dropped(drag: QDrag, _actions: Any) -> Qt.DropAction:
        paths = [Path(url.toLocalFile()) for url in drag.mimeData().urls()]
        drags.append((drag.mimeData(), paths))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr("gui.pages.image.dragging.QDrag.exec", dropped)
    shown.list.table.select_key(image(driver).id)
    shown.list.table.startDrag(Qt.DropAction.CopyAction)
    [(data, [path])] = drags
    assert data.formats() == ["text/uri-list"]
    assert path.name == "docker.io-library-nginx-1.27.tar"
    assert path.read_bytes()
    assert not list(path.parent.glob("*.part"))
    written = path.stat().st_mtime_ns
    shown.list.table.startDrag(Qt.DropAction.CopyAction)
    assert drags[1][1] == [path]
    assert path.stat().st_mtime_ns == written, "an archive that is there is not written again"


def test_a_drop_before_the_archive_is_whole_gives_nothing_and_says_so(driver: Driver, monkeypatch: Any) -> None:
    shown = page(driver)
    given: list[list[QUrl]] = []

    def dropped(drag: QDrag, _actions: Any) -> Qt.DropAction:
        given.append(drag.mimeData().urls())
        return Qt.DropAction.IgnoreAction

    monkeypatch.setattr("gui.pages.image.dragging.QDrag.exec", dropped)
    monkeypatch.setattr("gui.pages.image.dragging._PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(Path, "rename", lambda _self, _target: None)  # it never gets whole
    shown.list.table.select_key(image(driver).id)
    shown.list.table.startDrag(Qt.DropAction.CopyAction)
    assert given == [[]]
    assert any("still being written" in text for text in driver.toast_texts())


def test_an_image_dropped_on_a_machine_is_asked_to_go_there_and_waits_for_no_archive(
    driver: Driver, monkeypatch: Any
) -> None:
    know(driver)
    shown = page(driver)
    monkeypatch.setattr(Path, "rename", lambda _self, _target: None)  # it never gets whole

    def dropped(drag: QDrag, _actions: Any) -> Qt.DropAction:
        targets = switcher(driver).targets
        assert drag_over(switcher(driver), drag.mimeData())
        drop_on(targets.targets()[0], drag.mimeData())
        return Qt.DropAction.CopyAction

    monkeypatch.setattr("gui.pages.image.dragging.QDrag.exec", dropped)
    shown.list.table.select_key(image(driver).id)
    shown.list.table.startDrag(Qt.DropAction.CopyAction)
    dialog: Any = driver.dialog("dialog.move")
    assert dialog.windowTitle().endswith("nginx:1.27")
    assert dialog.target.currentData() == "server"
    assert not any("still being written" in text for text in driver.toast_texts())
    dialog.reject()


@pytest.mark.parametrize(
    ("created_by", "words"),
    [
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
        ("COPY . /srv # buildkit", "COPY . /srv"),
        ("|1 A=b /bin/sh -c make   all", "RUN make all"),
    ],
)
def test_steps_read_as_the_dockerfile_had_them(created_by: str, words: str) -> None:
    assert step_words(created_by) == words


def test_paths_that_are_no_text_can_be_shown() -> None:
    shown_path(b"/a/\xff".decode("utf-8", "surrogateescape")).encode("utf-8")
