"""Shows every widget with sample data; with a folder as argument, grabs each into a PNG instead.

python -m tests.gallery                      a window to click through
python -m tests.gallery OUT [--dark] [--size 1280x800] [NAME…]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabWidget

from gui.theme import Mode, theme
from tests.pixels.samples import SAMPLES


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--size", default="1280x800")
    options = parser.parse_args()
    app = QApplication(sys.argv[:1])
    theme().install(app, Mode.DARK if options.dark else Mode.LIGHT)
    width, height = (int(part) for part in options.size.split("x"))
    if options.out is None:
        window = QTabWidget()
        for name, make in SAMPLES.items():
            window.addTab(make(), name)
        window.resize(width, height)
        window.show()
        return app.exec()
    for name in options.names or SAMPLES:
        widget = SAMPLES[name]()
        widget.resize(width, height)
        widget.show()
        QTest.qWait(80)
        widget.grab().save(str(Path(options.out) / f"{name}.png"))
        widget.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
