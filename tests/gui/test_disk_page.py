"""The disk page: every part with what it frees, and freeing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QCheckBox, QPushButton

from engine.errors import Code, StorageError
from engine.types.disk import PART_IDS
from gui.presentation.units import bytes_text

if TYPE_CHECKING:
    from tests.gui.conftest import Driver


@pytest.fixture
def page(driver: Driver) -> Any:
    driver.window.navigate("disk")
    page: Any = driver.window.page("disk")
    driver.until(lambda: page.usage is not None)
    return page


def test_every_part_says_its_size_and_what_it_frees(driver: Driver, page: Any) -> None:
    assert list(page.cards) == list(PART_IDS)
    for part in page.usage.parts:
        card = page.cards[part.id]
        assert card._size.text() == bytes_text(part.bytes)
        assert card.free_button.isEnabled() == bool(part.frees + part.with_cache)
    assert "in the store" in page._header._subtitle.text
    assert page.bar.accessibleDescription().startswith("Images ")


def test_the_build_cache_is_emptied_in_the_window(driver: Driver, page: Any) -> None:
    """Nothing in the window could."""
    driver.window.trigger("builds.prune")
    assert driver.window.current_page_id == "disk"
    card = page.cards["build-cache"]
    driver.until(lambda: card.table is not None)
    assert page.usage.part("build-cache").frees > 0
    card.free_button.click()
    driver.accept()
    driver.until(lambda: page.usage.part("build-cache").frees == 0)
    driver.until(lambda: any("Freed" in text for text in driver.toast_texts()))


def test_an_image_that_the_build_cache_holds_takes_the_cache_along(driver: Driver, page: Any) -> None:
    """Remove was disabled, as the removal alone freed nothing."""
    spare = next(i for i in driver.client.mirror.images.values() if not i.used_by)
    driver.engine.disk.held_by_cache[spare.id] = spare.unique_size
    driver.window.run(page.measure())
    driver.until(lambda: page.usage.part("images").with_cache)
    card = page.cards["images"]
    assert "held by the build cache" in card._about.text
    card.free_button.click()
    question = driver.dialog("question")
    (tick,) = question.findChildren(QCheckBox)
    assert tick.isChecked()
    driver.accept()
    driver.until(lambda: all(i.used_by for i in driver.client.mirror.images.values()))


def test_only_the_chosen_things_go_and_what_is_held_never(driver: Driver, page: Any) -> None:
    card = page.cards["volumes"]
    card.open()
    items = page.usage.part("volumes").items
    free = [item.id for item in items if not item.held_by]
    held = [item.id for item in items if item.held_by]
    assert free
    assert held
    model = card.table.model()
    rows = {model.item(key).id: row for row, key in enumerate(item.id for item in items)}
    card.table.selectRow(rows[free[0]])
    assert [item.id for item in card.chosen()] == [free[0]]
    card.table.clearSelection()
    card.table.selectRow(rows[held[0]])
    assert card.chosen() == []
    assert not card.free_button.isEnabled()


def test_a_full_disk_leads_here(driver: Driver) -> None:
    driver.window.show_error(StorageError("The disk is full", code=Code.DISK_FULL))
    dialog: Any = driver.dialog("error")
    knob = next(k for k in dialog.findChildren(QPushButton) if "Free space" in k.text())
    knob.click()
    driver.until(lambda: driver.window.current_page_id == "disk")
