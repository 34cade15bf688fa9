"""Images and volumes on the real engine, by the window: a real registry, real layers, real files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QAbstractButton

from engine.types.containers import ContainerSpec, CreateContainer, Mount, State
from engine.types.files import Place
from engine.types.images import PushImage
from gui.actions.program import load_archives
from gui.theme import Tone
from tests.support.images import File, busybox_archive, directory
from tests.support.processes import free_port
from tests.support.registry import Registry, serve_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QDialog

    from engine.types.images import Image
    from tests.system.gui.conftest import RealDriver

OLD, NEW = b'{"port": 8080}\n', b'{"port": 9090}\n'


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with serve_registry(tmp_path) as running:
        yield running


def load(driver: RealDriver, folder: Path, reference: str) -> Image:
    """An image with a file that a later layer overwrites, loaded as by dropping it on the page."""
    first = [directory("app"), File("app/config.json", OLD), File("app/big.bin", bytes(range(256)) * 4096)]
    archive = folder / "image.tar"
    archive.write_bytes(busybox_archive(first, [File("app/config.json", NEW)], reference=reference))
    driver.window.navigate("images")
    driver.window.run(load_archives(driver.window, [str(archive)]))
    driver.until(lambda: find(driver, reference))
    found = find(driver, reference)
    assert found is not None
    return found


def find(driver: RealDriver, reference: str) -> Image | None:
    return next((i for i in driver.client.mirror.images.values() if reference in i.tags), None)


def press(dialog: QDialog, words: str) -> None:
    next(b for b in dialog.findChildren(QAbstractButton) if b.text() == words and b.isVisible()).click()


def operate(driver: RealDriver, work: Callable[[Any], Any]) -> None:
    async def finish(engine: Any) -> str:
        return str(await work(engine).result())

    driver.ask(finish)


def test_a_pull_that_fails_is_mended_by_choosing_a_tag(
    open_window: Callable[[], RealDriver], registry: Registry, tmp_path: Path
) -> None:
    driver = open_window()
    reference = f"{registry.host}/team/app:1.0"
    load(driver, tmp_path, reference)
    operate(driver, lambda engine: engine.images.push(PushImage(reference=reference)))
    driver.ask(lambda engine: engine.images.remove(reference))
    driver.until(lambda: find(driver, reference) is None)
    driver.window.open_dialog("pull", reference=f"{registry.host}/team/app:9.9", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(dialog.banner.isVisible)
    assert "team/app:9.9" in dialog.banner.accessibleName()
    press(dialog, "Choose a tag…")
    driver.until(lambda: [dialog.tags.item(n).text() for n in range(dialog.tags.count())] == ["1.0"])
    dialog.tags.itemClicked.emit(dialog.tags.item(0))
    assert dialog.name.text() == reference
    dialog.start.click()
    driver.until(lambda: find(driver, reference) and not dialog.running)
    driver.until(lambda: dialog.rows._rows._rows)
    driver.until(lambda: all(row.tone is Tone.SUCCESS for row in dialog.rows._rows._rows))
    press(dialog, "Look inside")
    driver.no_dialog()


def test_a_port_where_nothing_listens_is_told_with_its_number(open_window: Callable[[], RealDriver]) -> None:
    driver = open_window()
    port = free_port()
    driver.window.open_dialog("pull", reference=f"localhost:{port}/team/app:1.0", start=True)
    dialog: Any = driver.dialog("dialog.pull")
    driver.until(dialog.banner.isVisible)
    assert f"localhost:{port}" in dialog.banner.accessibleName()
    assert not dialog.running


def test_the_inspector_shows_what_a_layer_overwrote(open_window: Callable[[], RealDriver], tmp_path: Path) -> None:
    driver = open_window()
    image = load(driver, tmp_path, "localhost/app:1.0")
    driver.window.navigate("images", image.id, "layers")
    page: Any = driver.window.page("images")
    inspector = page.details.inspector
    driver.until(lambda: inspector.report is not None)
    assert [waste.path for waste in inspector.report.wasted] == ["/app/config.json"]
    inspector.preview.show_file(image.id, "/app/config.json", -1)
    driver.until(inspector.preview._mode.isVisible)
    driver.until(lambda: "9090" in inspector.preview.text.toPlainText())
    inspector.preview._mode.set_current("difference")
    inspector.preview._load()
    driver.until(lambda: "8080" in inspector.preview.text.toPlainText())
    shown = inspector.preview.text.toPlainText()
    assert "(layer 2)" in shown, "layers are counted from one, as everywhere in the window"
    assert "(layer 3)" in shown


def test_a_volume_is_backed_up_cloned_and_restored(
    open_window: Callable[[], RealDriver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = open_window()
    load(driver, tmp_path, "localhost/app:1.0")
    fill(driver, "data", "echo precious > /data/a.txt")

    async def chosen(*_arguments: Any, **_more: Any) -> str:
        return str(tmp_path / "data.tar.zst")

    monkeypatch.setattr(driver.window, "choose_save_file", chosen)
    monkeypatch.setattr(driver.window, "choose_open_file", chosen)
    driver.window.trigger("volume.backup", [driver.client.mirror.volumes["data"]])
    driver.until(lambda: any("Backed up" in text for text in driver.toast_texts()))
    fill(driver, "data", "echo spoilt > /data/a.txt")
    driver.window.trigger("volume.restore", [driver.client.mirror.volumes["data"]])
    driver.accept()
    driver.until(lambda: any("Restored" in text for text in driver.toast_texts()))
    driver.window.navigate("volumes", "data")
    page: Any = driver.window.page("volumes")
    driver.until(lambda: page.browser is not None and page.browser.name == "data")
    place = Place(kind="volume", id="data")
    assert driver.ask(lambda engine: engine.files.read(place, "/a.txt")) == b"precious\n"


def fill(driver: RealDriver, volume: str, command: str) -> None:
    """Run a command with the volume at /data, and take the container away again."""
    mount = Mount(kind="volume", source=volume, target="/data")
    spec = ContainerSpec(image="localhost/app:1.0", command=("/bin/sh", "-c", command), mounts=(mount,))
    made = driver.ask(lambda engine: engine.containers.create(CreateContainer(spec=spec, name="filler")))
    driver.ask(lambda engine: engine.containers.start(made.id))
    driver.until(lambda: driver.container("filler").state is State.EXITED)
    exit_ = driver.container("filler").exit
    assert exit_ is not None
    assert exit_.code == 0
    driver.ask(lambda engine: engine.containers.remove(made.id))
    driver.until(lambda: "filler" not in driver.names())
