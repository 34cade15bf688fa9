"""What an error advises to type can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.errors import Code, RegistryError

SOURCES = Path(__file__).parents[3]
ADVISED = sorted(
    {
        words
        for room in ("engine", "gui")
        for file in (SOURCES / room).rglob("*.py")
        for words in re.findall(r"`wherry ([a-z]+(?: [a-z]+)?)", file.read_text())
    }
)


@pytest.mark.parametrize("words", ADVISED)
def test_what_is_advised_is_a_command(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    verb, *rest = words.split()
    help_of = ["help", verb, *rest] if verb not in ("doctor", "tour") else [verb, "--help"]
    try:
        code = main(help_of)
    except SystemExit as ended:
        code = ended.code

    assert code == 0, capsys.readouterr().err
    assert verb in capsys.readouterr().out


def test_an_error_is_read_as_sentences() -> None:
    said = RegistryError("h has no app:1", "manifest unknown", hint="Did you mean “app:2”?", code=Code.NOT_FOUND)

    assert str(said) == "h has no app:1. manifest unknown. Did you mean “app:2”?"
    assert str(RegistryError("It failed.")) == "It failed."
