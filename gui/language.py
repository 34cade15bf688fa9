"""The language of the window: the person's choice, or the first language of the system there are words in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator

from resources import resource

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from PySide6.QtCore import QCoreApplication

SYSTEM = "system"


def _languages() -> dict[str, str]:
    """Those that have a catalogue, in their own words, so that each is found by who reads it."""
    found = sorted(path.stem.partition("_")[2] for path in resource("translations").glob("wherry_*.qm"))
    return {"en": "English"} | {code: QLocale(code).nativeLanguageName() for code in found if code != "en"}


LANGUAGES = _languages()


def best_language(preferred: Sequence[str], available: Collection[str] = tuple(LANGUAGES)) -> str:
    """The first preferred one there are words in ("de-AT" is "de"); otherwise English, the language of the source."""
    for tag in preferred:
        language = tag.replace("_", "-").partition("-")[0].lower()
        if language in available:
            return language
    return "en"


def install_language(app: QCoreApplication, choice: str = SYSTEM) -> str:
    """Load the words of Qt and of the window; gives the language. Texts already shown stay as they are.

    English is there in any language: its catalogue has the forms of counts, one and many.
    """
    language = choice if choice in LANGUAGES else best_language(QLocale.system().uiLanguages())
    _load(app, str(resource("translations")), "wherry_en")
    if language != "en":
        _load(app, QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath), f"qtbase_{language}")
        _load(app, str(resource("translations")), f"wherry_{language}")
    return language


def _load(app: QCoreApplication, folder: str, name: str) -> None:
    translator = QTranslator(app)
    if translator.load(name, folder):
        app.installTranslator(translator)
