"""A short part of `python -m tests.fuzz`: what strangers write is read, or refused in the words there are for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.readers import READERS
from tests.fuzz.trying import try_reader

if TYPE_CHECKING:
    from tests.fuzz.reader import Reader

INPUTS = 150


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of expressions that people wrote
def test_what_strangers_write_is_read_or_refused(reader: Reader) -> None:
    for seed in reader.kind.seeds:
        reader.read(seed)
    assert try_reader(reader, INPUTS, seed=1).faults == {}
