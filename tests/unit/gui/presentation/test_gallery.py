"""Templates of the gallery in words."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator

from engine.types.gallery import GalleryField, GalleryTemplate
from gui.presentation.projects import gallery as words


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("databases", "Databases"),
        ("brokers", "Brokers"),
        ("web", "Web servers"),
        ("monitoring", "Monitoring"),
        ("storage", "Storage"),
        ("tools", "Tools"),
        ("apps", "Applications"),
        ("games", "games"),
        ("", "Of your own"),
    ],
)
def test_each_category_has_a_heading(category: str, text: str) -> None:
    assert words.category_text(category) == text
    assert (category in words.CATEGORIES) == (category not in ("games", ""))


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({"en": "Hello", "de": "Hallo"}, "Hello"),
        ({"de": "Hallo", "fr": "Salut"}, "Hallo"),
        ({}, ""),
    ],
)
def test_words_of_the_window_s_language_else_what_there_is(texts: dict[str, str], told: str) -> None:
    assert words.in_language(texts) == told


def test_a_german_window_prefers_german_then_english() -> None:
    german = QTranslator()
    assert german.load("resources/translations/wherry_de.qm")
    QCoreApplication.installTranslator(german)
    try:
        assert words.in_language({"en": "Hello", "de": "Hallo"}) == "Hallo"
        assert words.in_language({"fr": "Salut", "en": "Hello"}) == "Hello"
    finally:
        QCoreApplication.removeTranslator(german)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"label": {"en": "Its port"}, "kind": "port"}, "Its port"),
        ({"kind": "version"}, "Version"),
        ({"kind": "port"}, "Port"),
        ({"kind": "password"}, "Password"),
        ({"kind": "memory"}, "Memory"),
        ({"kind": "text"}, "DB_NAME"),
    ],
)
def test_each_field_has_a_name(fields: dict[str, Any], text: str) -> None:
    assert words.field_text(GalleryField(name="DB_NAME", **fields)) == text


def test_where_the_data_of_a_template_lies_and_what_it_is_found_by() -> None:
    template = GalleryTemplate(
        id="pg", title="PostgreSQL", category="databases", about={"en": "A database."}, images=("postgres:16", "x:1"),
        data={"data": "/var/lib/pg", "conf": "/etc/pg"},
    )  # fmt: skip
    assert words.data_text(template) == (
        "Data lies in the volume data, at /var/lib/pg.\nData lies in the volume conf, at /etc/pg."
    )
    assert words.haystack(template) == "pg PostgreSQL Databases A database. postgres:16 x:1"


@pytest.mark.parametrize(
    ("port", "taken", "free"),
    [
        ("80", (), "80"),
        ("80", (80, 81, 83), "82"),
        ("auto", (80,), "auto"),
        ("", (), ""),
        ("²", (), "²"),
        ("65533", (65533,), "65534"),
        ("65534", (65534,), "65535"),
        ("65535", (), "65535"),
        ("65534", (65534, 65535), "65534"),
    ],
)
def test_the_next_port_nobody_has_is_offered(port: str, taken: tuple[int, ...], free: str) -> None:
    assert words.free_from(port, taken) == free
