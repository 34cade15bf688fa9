"""Compare a picture with its reference. `PIXELS=update` in the environment writes the references anew: look at them.

A few pixels may differ (versions of the font renderer do), a moved or recoloured thing may not.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage, QPainter

from gui.theme import Role, color

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap

REFERENCES = Path(__file__).parent / "references"
_NEAR = 40
"""How far a channel may be off before a pixel counts as different."""
_SHARE = 0.004
"""How many of the pixels may be different."""


def updating() -> bool:
    return os.environ.get("PIXELS") == "update"


def check(name: str, picture: QPixmap, found_dir: Path) -> None:
    """Fail unless the picture is as its reference; the picture found is kept beside the report."""
    path = REFERENCES / f"{name}.png"
    # On the canvas, for widgets that leave it to their parent; fewer shades, for smaller files.
    image = QImage(picture.size(), QImage.Format.Format_RGB16)
    image.fill(color(Role.CANVAS))
    painter = QPainter(image)
    painter.drawPixmap(0, 0, picture)
    painter.end()
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    if updating():
        image.save(str(path), "PNG", 0)
        return
    found = found_dir / f"{name}.png"
    image.save(str(found))
    assert path.is_file(), f"no reference {path.name}; the picture is {found}"
    share = difference(image, QImage(str(path)))
    assert share <= _SHARE, f"{share:.2%} of {name} differ; compare {found} with {path}"


def difference(first: QImage, second: QImage) -> float:
    """The share of pixels that differ; 1 for pictures of different sizes."""
    if first.size() != second.size():
        return 1.0
    one, two = _bytes(first), _bytes(second)
    if one == two:
        return 0.0
    different = 0
    for at in range(0, len(one), 4):
        if one[at : at + 3] != two[at : at + 3] and any(
            abs(one[at + channel] - two[at + channel]) > _NEAR for channel in range(3)
        ):
            different += 1
    return different / (len(one) // 4)


def _bytes(image: QImage) -> bytes:
    plain = image.convertToFormat(QImage.Format.Format_RGBX8888)
    return bytes(plain.constBits())
