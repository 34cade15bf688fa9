"""Throw damaged archives at the reader: it may refuse them with words, and nothing else.

`python -m tests.fuzz.test_archives 100000` tries that many and says so.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tarfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.sandbox.keeper.layers import tar_reader
from engine.sandbox.keeper.layers.entry_places import normalised
from engine.sandbox.keeper.requests import BadInput

LIMIT = 1 << 20


def corpus() -> list[bytes]:
    """Small archives with one of everything."""
    made = []
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
            for name, kind in (
                ("d", tarfile.DIRTYPE),
                ("f", tarfile.REGTYPE),
                ("l", tarfile.SYMTYPE),
                ("h", tarfile.LNKTYPE),
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "f" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
                info.size = 700 if kind == tarfile.REGTYPE else 0
                tar.addfile(info, io.BytesIO(b"x" * info.size))
            if form != tarfile.USTAR_FORMAT:
                tar.addfile(tarfile.TarInfo("long/" * 60 + "name"))
        made.append(buffer.getvalue())
    made.append(_sparse())
    return made


def _sparse() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        body = b"1\n100\n5\n".ljust(512, b"\0") + b"hello"
        info = tarfile.TarInfo("sparse")
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "sparse",
            "GNU.sparse.realsize": "1000",
        }
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def read_all(data: bytes) -> str:
    """Read it as unpacking would; gives "ok" or the refusal."""
    descriptor = os.memfd_create("fuzz")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        source = tar_reader.Source(descriptor, LIMIT, None, lambda _done: None)
        reader = tar_reader.TarReader(source)
        for member in reader:
            normalised(member.name)
            for _ in reader.data(member):
                pass
            assert member.size >= 0
        source.drain()
    except BadInput as refusal:
        return str(refusal) or "refused without a word"
    finally:
        os.close(descriptor)
    return "ok"


def mend_checksums(data: bytearray) -> None:
    """So that the damage gets past the first check."""
    for at in range(0, len(data) - 511, 512):
        if data[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])


def damage(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        kind = chance.randrange(4)
        if kind == 0:
            changed[at] = chance.randrange(256)
        elif kind == 1:
            del changed[at : at + chance.choice((1, 511, 512, 513))]
        elif kind == 2:
            changed[at:at] = bytes(chance.choice((1, 512)))
        else:
            word = chance.choice((b"99999999999", b"\xff" * 8, b"..", b"/../", b"-1", b"18446744073709551616", b"\n"))
            changed[at : at + len(word)] = word
        if not changed:
            return b""
    if chance.random() < 0.8:
        mend_checksums(changed)
    return bytes(changed)


@given(st.binary(max_size=3000))
def test_any_bytes(data: bytes) -> None:
    read_all(data)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_damaged_archives(seed: int) -> None:
    chance = random.Random(seed)
    assert read_all(damage(chance.choice(corpus()), chance)) != "refused without a word"


def test_a_record_of_no_length_ends() -> None:
    """Found by this file: a length of nought went round for ever."""
    records = b"0 a=b\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        front = tarfile.TarInfo("pax")
        front.type, front.size = tarfile.XHDTYPE, len(records)
        tar.addfile(front, io.BytesIO(b"\n" + records[:-1]))
    assert "damaged" in read_all(buffer.getvalue())


def test_the_corpus_itself_is_fine() -> None:
    assert {read_all(data) for data in corpus()} == {"ok"}


def main(count: int) -> None:
    chance = random.Random(count)
    seeds = corpus()
    outcomes: dict[str, int] = {}
    for _ in range(count):
        outcome = read_all(damage(chance.choice(seeds), chance))
        key = outcome.split("“")[0][:50]
        outcomes[key] = outcomes.get(key, 0) + 1
    for key, times in sorted(outcomes.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{times:8} {key}\n")
    sys.stdout.write(f"{count} archives tried\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
