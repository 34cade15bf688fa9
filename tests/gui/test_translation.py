"""The German window: every text has its translation, the compiled file is the written one, and the choice is kept."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QAbstractButton, QLabel

from engine.errors import Code, WherryError
from engine.recipe.faults import Unreadable, unsupported
from gui.language import LANGUAGES, best_language, install_language
from gui.pages.settings import SettingsPage
from gui.pages.sheets.general import GeneralSheet
from gui.presentation.errors import words_of
from gui.presentation.run_line import fault_text, parse_run_line
from gui.words import translate
from resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication

    from gui.settings import WindowSettings
    from tests.gui.conftest import Driver

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for room in ("gui", "engine/recipe") for path in (REPOSITORY / room).rglob("*.py"))
CATALOGUES = {code: resource("translations") / f"wherry_{code}.ts" for code in LANGUAGES if code != "en"}
Text = tuple[str, str]


def calls(name: str) -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(REPOSITORY)}:{node.lineno}", node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def literal(call: ast.Call) -> Text | None:
    words = [node.value for node in call.args if isinstance(node, ast.Constant)]
    return (words[0], words[1]) if len(words) == len(call.args) == 2 else None


def written() -> set[Text]:
    found = (literal(call) for name in ("translate", "marked") for _where, call in calls(name))
    return {text for text in found if text is not None}


def entries(catalogue: Path) -> dict[Text, tuple[str, str]]:
    """(context, text) → (translation, its state)."""
    return {
        (str(context.findtext("name")), str(message.findtext("source"))): (translation.text or "", state)
        for context in ElementTree.parse(catalogue).getroot().findall("context")
        for message in context.findall("message")
        if (translation := message.find("translation")) is not None
        for state in [translation.get("type", "finished")]
    }


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^{}]*\}", text))


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    assert install_language(qapp, "de") == "de"
    yield
    for translator in qapp.findChildren(QTranslator):
        qapp.removeTranslator(translator)
        translator.setParent(None)  # found no more by who asks next
        translator.deleteLater()


def test_what_is_wrong_with_a_line_is_said_in_the_windows_language(german: None) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_run_line("docker run --memory lots nginx")
    assert "lots" in fault_text(caught.value)
    assert "keine Größe" in fault_text(caught.value)
    nested = unsupported("--gpus", "device rules need root")
    assert "root" in fault_text(nested)
    assert "not supported" not in fault_text(nested)


def test_texts_are_written_out_where_they_are_translated() -> None:
    """A text in a variable is out of the collector's sight, unless the table it comes from marks it."""
    hidden = [where for where, call in calls("translate") if literal(call) is None and not from_marked_table(call)]
    assert not hidden


def test_the_translator_is_called_by_its_own_name() -> None:
    """Under another name the collector does not know it."""
    other = []
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        called = {node.func for node in nodes if isinstance(node, ast.Call)}
        other += [
            f"{path.relative_to(REPOSITORY)}:{node.lineno}"
            for node in nodes
            if isinstance(node, ast.Name) and node.id == "translate" and node not in called
            if not isinstance(node.ctx, ast.Store)
        ]
    assert not other


def from_marked_table(call: ast.Call) -> bool:
    """translate("Context", variable) is right where tables mark texts of that context."""
    context = call.args[0]
    return isinstance(context, ast.Constant) and any(
        text is not None and text[0] == context.value for text in (literal(mark) for _where, mark in calls("marked"))
    )


def test_no_text_is_translated_while_modules_load() -> None:
    """The language is known later: such a text would stay English."""
    early = []
    for path in SOURCES:
        pending: list[ast.AST] = [ast.parse(path.read_text())]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "translate":
                early.append(f"{path.relative_to(REPOSITORY)}:{node.lineno}")
            pending.extend(ast.iter_child_nodes(node))
    assert not early


def test_the_collector_finds_every_text(tmp_path: Path) -> None:
    catalogue = tmp_path / "all.ts"
    collector = Path(sys.executable).with_name("pyside6-lupdate")
    script = (REPOSITORY / "packaging" / "translations").read_text()
    alias = re.search(r"-tr-function-alias (\S+)", script)
    assert alias is not None
    arguments = ["-silent", "-extensions", "py", "-tr-function-alias", alias[1], "-source-language", "en"]
    # By our own interpreter: the one in its first line is in a home that the suite's user may not enter.
    command = [sys.executable, collector, *arguments, *SOURCES, "-ts", catalogue]
    subprocess.run(command, check=True, capture_output=True)
    assert set(entries(catalogue)) == written()


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_text_has_a_finished_translation(language: str) -> None:
    known = entries(CATALOGUES[language])
    assert not written() - set(known), "run `make translations`"
    assert not set(known) - written(), "gone from the sources: run `make translations`"
    assert not [text for text, (words, state) in known.items() if state != "finished" or not words.strip()]


@pytest.mark.parametrize("language", CATALOGUES)
def test_translations_keep_placeholders_and_edges(language: str) -> None:
    wrong = []
    for (context, text), (words, _state) in entries(CATALOGUES[language]).items():
        same_edges = len(text) - len(text.lstrip()) == len(words) - len(words.lstrip())
        same_dots = text.endswith("…") == words.endswith("…")
        if placeholders(text) != placeholders(words) or not same_edges or not same_dots:
            wrong.append((context, text, words))
    assert not wrong


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_is_loaded_is_what_is_written(language: str) -> None:
    compiled = QTranslator()
    assert compiled.load(str(CATALOGUES[language].with_suffix(".qm")))
    stale = {
        text: words
        for text, (words, state) in entries(CATALOGUES[language]).items()
        if state == "finished" and compiled.translate(*text) != words
    }
    assert not stale, "run `make translations`"


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        (["de-DE", "de"], "de"),
        (["de_AT.UTF-8"], "de"),
        (["en-US", "de-DE"], "en"),
        (["fr-FR", "de-DE", "en"], "de"),
        (["fr-FR"], "en"),
        (["C"], "en"),
        ([], "en"),
    ],
)
def test_the_first_preferred_language_with_words_is_taken(preferred: list[str], language: str) -> None:
    assert best_language(preferred) == language


def test_the_choice_comes_before_the_system(qapp: QApplication) -> None:
    assert install_language(qapp, "en") == "en"
    assert not qapp.findChildren(QTranslator)


@pytest.mark.usefixtures("german")
def test_the_window_speaks_german(make_driver: Callable[..., Driver]) -> None:
    driver = make_driver()
    driver.window.navigate("settings", "", "general")
    page = driver.window.page("settings")
    texts = {label.text() for label in page.findChildren(QLabel)}
    buttons = {button.text() for button in driver.window.findChildren(QAbstractButton)}
    assert {"Aussehen", "Sprache"} <= texts
    assert {"Netzwerke", "Aktivität"} <= buttons
    assert "Networks" not in buttons


@pytest.mark.usefixtures("german")
def test_words_of_qt_itself_are_german(qapp: QApplication) -> None:
    assert translate("QPlatformTheme", "Cancel") == "Abbrechen"


def test_the_language_is_chosen_and_kept_for_the_next_start(driver: Driver, settings: WindowSettings) -> None:
    driver.window.navigate("settings", "", "general")
    page = driver.window.page("settings")
    assert isinstance(page, SettingsPage)
    general = page.sheets["general"]
    assert isinstance(general, GeneralSheet)
    assert settings.language == "system"
    assert not general.language_hint.isVisible()

    general.language.setCurrentIndex(general.language.findData("de"))

    assert settings.language == "de"
    assert general.language_hint.isVisible()


@pytest.mark.parametrize("code", [code for code in Code if code not in (Code.CANCELLED, Code.INTERNAL)])
def test_every_kind_of_trouble_has_german_words_and_keeps_the_engines_own(german: None, code: Code) -> None:
    error = WherryError("Port 8080 is in use", "The container web has it.", code=code, hint="Choose another.")
    words = words_of(error)
    assert words.title not in ("", error.title)
    assert words.text.startswith("Port 8080 is in use. The container web has it.")
    assert "Choose another." not in words.text, "what helps is said in the window's language"


def test_english_is_the_engines_own_language() -> None:
    words = words_of(WherryError("Port 8080 is in use", "The container web has it.", code=Code.PORT_IN_USE))
    assert (words.title, words.text) == ("Port 8080 is in use", "The container web has it.")
