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
from gui.presentation.containers.run_line import fault_text, parse_run_line
from gui.presentation.errors import words_of
from gui.words import translate
from resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication

    from gui.settings import WindowSettings
    from tests.gui.conftest import Driver

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for room in ("gui", "engine/recipe") for path in (REPOSITORY / room).rglob("*.py"))
CATALOGUES = {code: resource("translations") / f"wherry_{code}.ts" for code in LANGUAGES}
Text = tuple[str, str]


def calls(name: str) -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(REPOSITORY)}:{node.lineno}", node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def literal(call: ast.Call) -> Text | None:
    words = [node.value for node in call.args[:2] if isinstance(node, ast.Constant)]
    return (words[0], words[1]) if len(words) == 2 and len(call.args) in (2, 4) else None


def written(*, counted_only: bool = False) -> set[Text]:
    found = [(literal(call), call) for name in ("translate", "marked") for _where, call in calls(name)]
    return {text for text, call in found if text is not None and (not counted_only or is_counted(call))}


def is_counted(call: ast.Call) -> bool:
    """A count stands in the sentence, and chooses its form."""
    return len(call.args) == 4


def expected(language: str) -> set[Text]:
    """English has the forms of counts alone: the rest of it is the source."""
    return written(counted_only=language == "en")


def entries(catalogue: Path) -> dict[Text, tuple[tuple[str, ...], str]]:
    """(context, text) → (translations, a form each; their state)."""
    return {
        (str(context.findtext("name")), str(message.findtext("source"))): (forms(translation), state)
        for context in ElementTree.parse(catalogue).getroot().findall("context")
        for message in context.findall("message")
        if (translation := message.find("translation")) is not None
        for state in [translation.get("type", "finished")]
    }


def forms(translation: ElementTree.Element) -> tuple[str, ...]:
    return tuple(form.text or "" for form in translation.findall("numerusform")) or (translation.text or "",)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{[^{}]*\}|%n", text))


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    before = qapp.findChildren(QTranslator)
    assert install_language(qapp, "de") == "de"
    yield
    for translator in set(qapp.findChildren(QTranslator)) - set(before):
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
    catalogue, texts = tmp_path / "all.ts", tmp_path / "texts.py"
    collected = subprocess.run(
        [sys.executable, REPOSITORY / "packaging" / "collect-texts", *SOURCES], check=True, capture_output=True
    )
    texts.write_bytes(collected.stdout)
    collector = Path(sys.executable).with_name("pyside6-lupdate")
    # By our own interpreter: the one in its first line is in a home that the suite's user may not enter.
    command = [sys.executable, collector, "-silent", "-extensions", "py", "-target-language", "de", texts]
    subprocess.run([*command, "-ts", catalogue], check=True, capture_output=True)
    assert set(entries(catalogue)) == written()
    counted = {text for text, (words, _state) in entries(catalogue).items() if len(words) > 1}
    assert counted == written(counted_only=True), "a text has a count in one place and none in another"


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_text_has_a_finished_translation(language: str) -> None:
    known = entries(CATALOGUES[language])
    assert not expected(language) - set(known), "run `make translations`"
    assert not set(known) - expected(language), "gone from the sources: run `make translations`"
    assert not [
        text for text, (words, state) in known.items() if state != "finished" or not all(word.strip() for word in words)
    ]


@pytest.mark.parametrize("language", CATALOGUES)
def test_translations_keep_placeholders_and_edges(language: str) -> None:
    wrong = []
    for (context, text), (every, _state) in entries(CATALOGUES[language]).items():
        for position, words in enumerate(every):
            same_edges = len(text) - len(text.lstrip()) == len(words) - len(words.lstrip())
            same_dots = text.endswith("…") == words.endswith("…")
            # "Remove the volume?" needs no number, "Remove 3 volumes?" does.
            missing = placeholders(text) - ({"%n"} if len(every) > 1 and position == 0 else set())
            if not missing <= placeholders(words) <= placeholders(text) or not same_edges or not same_dots:
                wrong.append((context, text, words))
    assert not wrong


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_is_loaded_is_what_is_written(language: str) -> None:
    compiled = QTranslator()
    assert compiled.load(str(CATALOGUES[language].with_suffix(".qm")))
    stale = {
        text: words
        for text, (words, state) in entries(CATALOGUES[language]).items()
        if state == "finished" and loaded_forms(compiled, text, len(words)) != words
    }
    assert not stale, "run `make translations`"


def loaded_forms(compiled: QTranslator, text: Text, count: int) -> tuple[str, ...]:
    """Of English and German, where the second form is that of two."""
    if count == 1:
        return (compiled.translate(*text),)
    return tuple(compiled.translate(*text, "", number) for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("language", "count", "words"),
    [
        ("en", 0, "0 images"),
        ("en", 1, "1 image"),
        ("en", 2, "2 images"),
        ("de", 1, "1 Image"),
        ("de", 5, "5 Images"),
    ],
)
def test_a_count_chooses_its_form(
    qapp: QApplication, request: pytest.FixtureRequest, language: str, count: int, words: str
) -> None:
    if language == "de":
        request.getfixturevalue("german")
    assert translate("ImagesPage", "%n images", None, count) == words


POLISH = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="pl" sourcelanguage="en">
<context>
    <name>ContainersPage</name>
    <message numerus="yes">
        <source>%n containers</source>
        <translation>
            <numerusform>%n kontener</numerusform>
            <numerusform>%n kontenery</numerusform>
            <numerusform>%n kontenerów</numerusform>
        </translation>
    </message>
</context>
</TS>
"""


def test_polish_could_be_right(qapp: QApplication, tmp_path: Path) -> None:
    """It has three forms: of one, of two to four (but twelve to fourteen), and of the rest."""
    (tmp_path / "pl.ts").write_text(POLISH)
    maker = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run(
        [sys.executable, maker, "-silent", tmp_path / "pl.ts", "-qm", tmp_path / "pl.qm"],
        check=True,
        capture_output=True,
    )
    polish = QTranslator()
    assert polish.load(str(tmp_path / "pl.qm"))
    qapp.installTranslator(polish)
    try:
        told = [translate("ContainersPage", "%n containers", None, count) for count in (1, 2, 4, 5, 12, 21, 22, 112)]
    finally:
        qapp.removeTranslator(polish)
    assert told == [
        "1 kontener", "2 kontenery", "4 kontenery", "5 kontenerów", "12 kontenerów", "21 kontenerów", "22 kontenery",
        "112 kontenerów",
    ]  # fmt: skip


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
    assert translate("ImagesPage", "Pull…") == "Pull…"


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
