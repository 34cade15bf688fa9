"""One reader, given so many inputs: what it refused, what it broke over, and what took it longest."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.inputs import Maker

if TYPE_CHECKING:
    from tests.fuzz.reader import Reader


@dataclass
class Figures:
    inputs: int = 0
    refused: int = 0
    slowest: float = 0.0
    slowest_input: bytes = b""
    faults: dict[str, bytes] = field(default_factory=dict)
    """By what was raised and where; the shortest input of each."""

    def fault(self, words: str, data: bytes) -> None:
        if words not in self.faults or len(data) < len(self.faults[words]):
            self.faults[words] = data


def try_reader(reader: Reader, count: int, seed: int) -> Figures:
    figures, maker = Figures(), Maker(reader.kind, random.Random(f"{seed} {reader.name}"))
    for _ in range(count):
        data = maker.make()
        begun = time.thread_time()
        try:
            reader.read(data)
        except reader.refuses as refusal:
            figures.refused += 1
            if not str(refusal):
                figures.fault(f"{_told(refusal)}refused without a word", data)
        except Exception as error:
            figures.fault(_told(error), data)
        took = time.thread_time() - begun
        figures.inputs += 1
        if took > figures.slowest:
            figures.slowest, figures.slowest_input = took, data
    return figures


def _told(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}: {str(error)[:80]}"
