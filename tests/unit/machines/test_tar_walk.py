"""A tar as it streams by, in pieces of any size."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

from engine.moving.tar_walk import END, TarWalk, normal


def made() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("./a", b"x" * 1500), ("./" + "long/" * 60 + "ä", b"y"), ("./empty", b"")):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uid = len(data), 0o640, 70_000
            archive.addfile(info, io.BytesIO(data))
        for name, kind, link in (("./dir", tarfile.DIRTYPE, ""), ("./s", tarfile.SYMTYPE, "../a"),
                                 ("./h", tarfile.LNKTYPE, "./a")):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
    return packed.getvalue()


@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 1 << 20])
def test_every_mark_is_there_whatever_the_pieces(size: int) -> None:
    data, walk = made(), TarWalk()
    sent = b"".join(walk.feed(data[at : at + size]) for at in range(0, len(data), size))
    with tarfile.open(fileobj=io.BytesIO(sent + END)) as again, tarfile.open(fileobj=io.BytesIO(data)) as before:
        assert again.getnames() == before.getnames()
    marks = walk.marks
    assert marks["a"].digest == hashlib.sha256(b"x" * 1500).hexdigest()
    assert (marks["a"].mode, marks["a"].uid, marks["a"].size) == (0o640, 70_000, 1500)
    assert normal("long/" * 60 + "ä") in marks
    assert (marks["s"].kind, marks["s"].link) == ("symlink", "../a")
    assert (marks["h"].kind, marks["h"].link) == ("hardlink", "a")
    assert marks["dir"].kind == "directory"
    assert marks["empty"].digest == hashlib.sha256().hexdigest()


def test_only_what_is_kept_is_sent() -> None:
    walk = TarWalk(lambda name: name in ("dir", "a"), marking=False)
    sent = walk.feed(made()) + END
    with tarfile.open(fileobj=io.BytesIO(sent)) as again:
        assert again.getnames() == ["./a", "./dir"]
    assert not walk.marks
