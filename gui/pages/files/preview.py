"""What a file of a container looks like in the browser: a picture, a text, or bytes."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImageReader, QPixmap

_PICTURES = {
    "png": b"png",
    "jpg": b"jpeg",
    "jpeg": b"jpeg",
    "gif": b"gif",
    "bmp": b"bmp",
    "webp": b"webp",
    "ico": b"ico",
}
"""By the end of the name. A drawing (SVG) is shown as the text it is: drawn, it could name files of this computer."""


def picture_of(name: str, data: bytes) -> QPixmap | None:
    """The picture, if it is one of the kind its name says; what it is by its contents is not asked."""
    kind = _PICTURES.get(name.lower().rpartition(".")[2])
    if kind is None:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    reader.setDecideFormatFromContent(False)
    image = reader.read()
    return None if image.isNull() else QPixmap.fromImage(image)
