"""Translation, in one name: every text a person reads goes through `translate("Context", "text")`."""

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def marked(_context: str, text: str) -> str:
    """A text of a table, given as it is: collected with the others, and translated once the language is known."""
    return text


def decimal(value: float, digits: int) -> str:
    """A number with the decimal sign of the window's language."""
    return f"{value:.{digits}f}".replace(".", translate("Numbers", "."))


def grouped(count: int) -> str:
    """A count with its thousands set apart as the window's language does."""
    return f"{count:,}".replace(",", translate("Numbers", ","))
