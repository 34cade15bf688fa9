"""Volumes and networks in the window: every action with its question, effect and undo."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPushButton

from engine.errors import StorageError
from engine.types.containers import ALIVE_STATES
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from gui.actions.networks import removable, why_not_removable
from gui.actions.volumes import in_use
from gui.presentation.names import name_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from engine.types.networks import Network
    from engine.types.volumes import Volume
    from tests.gui.conftest import Driver


def volume(driver: Driver, name: str) -> Volume:
    return driver.client.mirror.volumes[name]


def network(driver: Driver, name: str) -> Network:
    return next(n for n in driver.client.mirror.networks.values() if n.name == name)


def answer(driver: Driver, text: str) -> None:
    dialog = driver.dialog("question")
    dialog.findChild(QLineEdit).setText(text)
    dialog.accept()


def make_volume(driver: Driver, name: str, content: str = "empty", labels: str = "", backup: str = "") -> Any:
    """Fill in the form and press Create; gives the dialog."""
    driver.window.trigger("volumes.create")
    dialog: Any = driver.dialog("dialog.create-volume")
    dialog.name.setText(name)
    dialog.content.setCurrentIndex(dialog.content.findData(content))
    dialog.labels.edit.setPlainText(labels)
    dialog.backup.setText(backup)
    dialog.go.click()
    return dialog


def test_a_volume_is_made_with_labels_and_shown(driver: Driver) -> None:
    make_volume(driver, "fresh", labels="team=shop\n")
    driver.until(lambda: "fresh" in driver.client.mirror.volumes)
    assert volume(driver, "fresh").labels == {"team": "shop"}
    driver.until(lambda: "fresh" in driver.client.mirror.volumes)
    driver.until(lambda: driver.window.current_page_id == "volumes")
    page: Any = driver.window.page("volumes")
    assert page.browser.name == "fresh"


def test_a_new_volume_may_be_a_copy(driver: Driver) -> None:
    make_volume(driver, "twin", "copy:pgdata")
    driver.until(lambda: "twin" in driver.client.mirror.volumes)
    assert "clone" in {operation.kind for operation in driver.client.mirror.operations.values()}
    driver.no_dialog()


def test_a_new_volume_may_come_from_a_backup(driver: Driver, tmp_path: Path) -> None:
    make_volume(driver, "back", "backup", backup=str(tmp_path / "pg.tar"))
    driver.until(lambda: "back" in driver.client.mirror.volumes)
    driver.until(lambda: "restore" in {operation.kind for operation in driver.client.mirror.operations.values()})
    driver.no_dialog()


def test_a_backup_that_cannot_be_read_leaves_the_name_free(driver: Driver, tmp_path: Path) -> None:
    driver.engine.store.failures["volumes.restore"] = StorageError("This is no backup", "It is a picture.")
    dialog = make_volume(driver, "back", "backup", backup=str(tmp_path / "cat.png"))
    driver.until(dialog.banner.isVisible)
    assert "This is no backup" in dialog.banner.accessibleName()
    driver.until(lambda: "back" not in driver.client.mirror.volumes)
    assert not dialog.problem()


def test_a_new_volume_says_what_is_wrong_with_it(driver: Driver) -> None:
    dialog = make_volume(driver, "pgdata")
    assert "already" in dialog.banner.accessibleName()
    dialog.name.setText("fresh")
    dialog.content.setCurrentIndex(dialog.content.findData("backup"))
    assert "backup" in dialog.problem()
    assert "fresh" not in driver.client.mirror.volumes


def test_names_are_checked() -> None:
    assert name_problem("ok-1") == ""
    assert name_problem("-a") != ""
    assert name_problem("no/slash") != ""


def test_a_volume_is_renamed_and_the_name_given_back(driver: Driver) -> None:
    make_volume(driver, "first")
    driver.until(lambda: "first" in driver.client.mirror.volumes)
    driver.window.trigger("volume.rename", [volume(driver, "first")])
    answer(driver, "second")
    driver.until(lambda: "second" in driver.client.mirror.volumes)
    driver.undo()
    driver.until(lambda: "first" in driver.client.mirror.volumes)
    assert "second" not in driver.client.mirror.volumes


def test_a_volume_is_cloned(driver: Driver) -> None:
    driver.window.trigger("volume.clone", [volume(driver, "pgdata")])
    answer(driver, "pgdata-copy")
    driver.until(lambda: "pgdata-copy" in driver.client.mirror.volumes)


def test_backup_and_restore_ask_where_and_whether(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "pg.tar.zst")

    async def chosen(*_arguments: Any) -> str:
        return path

    monkeypatch.setattr(driver.window, "choose_save_file", chosen)
    monkeypatch.setattr(driver.window, "choose_open_file", chosen)
    driver.window.trigger("volume.backup", [volume(driver, "pgdata")])
    driver.until(lambda: any(path in text for text in driver.toast_texts()))
    driver.window.toasts.clear()
    driver.window.trigger("volume.restore", [volume(driver, "pgdata")])
    driver.accept()
    driver.until(lambda: any("Restored" in text for text in driver.toast_texts()))
    kinds = {operation.kind for operation in driver.client.mirror.operations.values()}
    assert {"backup", "restore"} <= kinds


def test_a_restore_stops_backs_up_restores_and_starts_again_and_can_be_undone(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was refused while a container used the volume, and what was replaced was gone."""

    async def chosen(*_arguments: Any) -> str:
        return str(tmp_path / "pg.tar.zst")

    monkeypatch.setattr(driver.window, "choose_open_file", chosen)
    before = driver.container("shop-db-1").started
    driver.window.trigger("volume.restore", [volume(driver, "pgdata")])
    question: Any = driver.dialog("question")
    knobs = [knob.text() for knob in question.findChildren(QPushButton)]
    assert "Stop shop-db-1, restore, start it again" in knobs
    driver.accept()
    driver.until(lambda: any("Restored" in text for text in driver.toast_texts()))
    deeds = [(o.kind, o.request.get("path", "")) for o in driver.client.mirror.operations.values()]
    assert [kind for kind, _path in deeds] == ["backup", "restore"]
    kept = deeds[0][1]
    assert PurePath(kept).parent == tmp_path
    assert PurePath(kept).name.startswith("pgdata-before-")
    driver.until(lambda: driver.container("shop-db-1").state in ALIVE_STATES)
    assert driver.container("shop-db-1").started != before
    driver.undo()
    driver.until(lambda: any("as it was before" in text for text in driver.toast_texts()))
    assert [(o.kind, o.request.get("path", "")) for o in driver.client.mirror.operations.values()][-1] == (
        "restore",
        kept,
    )


def test_a_restore_that_fails_starts_what_it_stopped(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def chosen(*_arguments: Any) -> str:
        return str(tmp_path / "cat.png")

    monkeypatch.setattr(driver.window, "choose_open_file", chosen)
    driver.engine.store.failures["volumes.restore"] = StorageError("This is no backup", "It is a picture.")
    driver.window.trigger("volume.restore", [volume(driver, "pgdata")])
    driver.accept()
    driver.accept("error")
    driver.until(lambda: driver.container("shop-db-1").state in ALIVE_STATES)


def test_the_name_of_a_saved_file_keeps_its_ending(driver: Driver) -> None:
    """A filter that was set after the name made data.tar.tar of data.tar.zst."""
    driver.window.run(driver.window.choose_save_file("Save", "data.tar.zst", "Archives (*.tar *.tar.zst)"))
    dialog: Any = driver.dialog("file-question")
    assert PurePath(dialog.selectedFiles()[0]).name == "data.tar.zst"
    driver.reject("file-question")


def test_a_volume_in_use_cannot_be_removed_and_says_why(driver: Driver) -> None:
    used = volume(driver, "pgdata")
    assert used.used_by
    action = driver.window.verbs["volume.remove"]
    assert not action.enabled([used])
    assert "container" in in_use([used])


def test_a_free_volume_is_removed_after_a_question(driver: Driver) -> None:
    name = next(v.name for v in driver.client.mirror.volumes.values() if not v.used_by)
    driver.window.trigger("volume.remove", [volume(driver, name)])
    driver.reject()
    driver.no_dialog()
    assert name in driver.client.mirror.volumes
    driver.window.trigger("volume.remove", [volume(driver, name)])
    driver.accept()
    driver.until(lambda: name not in driver.client.mirror.volumes)


def test_pruning_spares_named_volumes_unless_told(driver: Driver) -> None:
    make_volume(driver, "named")
    driver.until(lambda: "named" in driver.client.mirror.volumes)
    driver.window.trigger("volumes.prune")
    driver.accept()
    driver.until(lambda: not any(v.anonymous and not v.used_by for v in driver.client.mirror.volumes.values()))
    assert "named" in driver.client.mirror.volumes
    driver.no_dialog()
    driver.window.trigger("volumes.prune")
    assert driver.dialog("question").findChild(QCheckBox) is None, "only named ones are left: nothing to choose"
    driver.accept()
    driver.until(lambda: "named" not in driver.client.mirror.volumes)


def test_pruning_nothing_asks_nothing(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver(None)
    driver.window.trigger("volumes.prune")
    driver.until(lambda: any("nothing to remove" in text for text in driver.toast_texts()))
    driver.no_dialog()


def test_sizes_come_by_themselves_when_the_page_is_seen(driver: Driver) -> None:
    driver.ask(lambda engine: engine.volumes.create(CreateVolume(name="never-measured")))
    driver.until(lambda: "never-measured" in driver.client.mirror.volumes)
    assert volume(driver, "never-measured").size is None
    fresh = volume(driver, "pgdata").size_measured
    driver.window.navigate("networks")
    driver.window.navigate("volumes")
    driver.until(lambda: volume(driver, "never-measured").size is not None)
    assert volume(driver, "pgdata").size_measured == fresh, "one that was measured a moment ago is left alone"


def test_files_of_a_volume_are_browsed(driver: Driver) -> None:
    driver.window.navigate("volumes", "pgdata")
    page: Any = driver.window.page("volumes")
    files = page.browser.files.tree
    tester = QAbstractItemModelTester(files.files, QAbstractItemModelTester.FailureReportingMode.Fatal)
    driver.until(lambda: files.files.rowCount() > 0)
    rows = [files.files.row_at(files.files.index(r, 0)) for r in range(files.files.rowCount())]
    plain = next(row for row in rows if not row.folder)
    files.reveal(plain.path)
    driver.until(lambda: page.browser.files._stack.currentWidget() is page.browser.files.editor)
    driver.ask(lambda engine: engine.volumes.list())
    driver.window.trigger("volume.measure", [volume(driver, "pgdata")])
    page.show_list()
    assert page._stack.currentWidget() is page.list
    del tester


def test_a_network_is_made_with_checks(driver: Driver) -> None:
    driver.window.trigger("networks.create")
    dialog: Any = driver.dialog("dialog.create-network")
    dialog.submit()
    assert dialog.banner.isVisible()
    dialog.name.setText("backend")
    dialog.subnet.setText("10.90.0.0/33")
    assert dialog.problem()
    dialog.subnet.setText("10.90.0.0/24")
    dialog.gateway.setText("10.91.0.1")
    assert "gateway" in dialog.problem()
    dialog.gateway.setText("10.90.0.1")
    dialog.internal.setChecked(True)
    dialog.submit()
    driver.until(lambda: any(n.name == "backend" for n in driver.client.mirror.networks.values()))
    assert network(driver, "backend").internal


def test_a_network_has_ipv6_and_a_list_of_what_may_be_reached_from_it(driver: Driver) -> None:
    driver.window.trigger("networks.create")
    dialog: Any = driver.dialog("dialog.create-network")
    dialog.name.setText("limited")
    dialog.ipv6.setChecked(True)
    dialog.may_reach.setText("example.org, 10.0.0.0/8")
    assert dialog.request() == CreateNetwork(
        name="limited", ipv6=True, labels={"wherry.egress": "example.org,10.0.0.0/8"}
    )
    dialog.subnet.setText("fd00:5::/64")
    dialog.gateway.setText("fd00:5::1")
    assert (dialog.problem(), dialog.request().subnet, dialog.request().subnet6) == ("", "", "fd00:5::/64")
    dialog.internal.setChecked(True)
    assert not dialog.may_reach.isEnabled()
    assert dialog.request().labels == {}
    dialog.internal.setChecked(False)
    dialog.submit()
    driver.until(lambda: any(n.name == "limited" for n in driver.client.mirror.networks.values()))
    assert network(driver, "limited").labels == {"wherry.egress": "example.org,10.0.0.0/8"}


def test_a_taken_name_is_told_in_the_form(driver: Driver) -> None:
    driver.window.trigger("networks.create")
    dialog: Any = driver.dialog("dialog.create-network")
    dialog.name.setText("shop_default")
    dialog.submit()
    driver.until(lambda: dialog.banner.isVisible())
    assert dialog.isVisible()


def test_a_container_joins_and_leaves_a_network(driver: Driver) -> None:
    target = network(driver, "shop_default")
    driver.window.navigate("networks", target.id)
    driver.window.trigger("network.connect", [target])
    dialog: Any = driver.dialog("dialog.connect-network")
    who = dialog.container.currentData()
    dialog.address.setText("nonsense")
    dialog.submit()
    assert dialog.banner.isVisible()
    dialog.address.setText("")
    dialog.submit()
    driver.until(lambda: any(m.container_id == who for m in network(driver, "shop_default").members))
    page: Any = driver.window.page("networks")
    driver.until(lambda: page.details.members.rowCount() == 1)
    assert not removable([network(driver, "shop_default")])
    assert "disconnect" in why_not_removable([network(driver, "shop_default")])
    page.details.table.selectRow(0)
    driver.window.toasts.clear()
    page.details._disconnect()
    driver.until(lambda: not network(driver, "shop_default").members)
    driver.undo()
    driver.until(lambda: network(driver, "shop_default").members)


def test_an_idle_network_is_removed_and_a_builtin_is_not(driver: Driver) -> None:
    assert not removable([network(driver, "host")])
    driver.window.trigger("network.remove", [network(driver, "shop_default")])
    driver.until(lambda: all(n.name != "shop_default" for n in driver.client.mirror.networks.values()))


def test_the_ports_of_the_computer_are_listed(driver: Driver) -> None:
    driver.window.navigate("networks", "", "ports")
    page: Any = driver.window.page("networks")
    driver.until(lambda: page.ports.model.rowCount() > 0)
    key = next(key for key in page.ports.model._keys if page.ports.model.item(key).container_id)
    page.ports._open(key)
    assert driver.window.current_page_id == "containers"
