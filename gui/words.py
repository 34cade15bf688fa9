"""Translation, in one name: every text a person reads goes through `translate("Context", "text")`."""

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate
