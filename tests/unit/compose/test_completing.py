"""What is offered while somebody types: `|` is the cursor."""

from __future__ import annotations

import pytest

from engine.compose.schema.completing import complete

FILE = """\
services:
  db:
    image: postgres
  web:
    image: {image}
    depends_on:
      - {depends}
    networks: [front]
    volumes:
      - {volume}
    restart: {restart}
    healthcheck:
      {health}
    {key}
volumes:
  data: {{}}
  pages: {{}}
networks:
  front:
    {network}
{top}
"""


def offered(**at: str) -> tuple[str, ...]:
    names = ("image", "depends", "volume", "restart", "health", "key", "network", "top")
    text = FILE.format(**{name: at.get(name, "") for name in names})
    before = text[: text.index("|")]
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    made = complete(text.replace("|", ""), line, column, ["nginx:1.27", "postgres:17", "my/nginx:2"])
    assert before.endswith(before[len(before) - column + made.start :] if column > made.start else "")
    return made.words


@pytest.mark.parametrize(
    ("at", "first"),
    [
        ({"top": "ser|"}, ()),  # is there already
        ({"top": "sec|"}, ("secrets:",)),
        ({"key": "env|"}, ("env_file:", "environment:")),
        ({"key": "imag|"}, ()),
        ({"health": "inter|"}, ("interval:", "start_interval:")),
        ({"image": "ngi|"}, ("nginx:1.27", "my/nginx:2")),
        ({"depends": "d|"}, ("db",)),
        ({"volume": "|"}, ("data:", "pages:")),
        ({"restart": "un|"}, ("unless-stopped",)),
        ({"network": "inter|"}, ("internal:",)),
        ({"network": "internal: t|"}, ("true",)),
        ({"key": "secrets:\n      - source: |", "top": "secrets:\n  key: {}"}, ("data", "pages", "key")),
        ({"key": "develop:\n      watch:\n        - act|"}, ("action:",)),
        ({"key": "network_mode: |"}, ()),
    ],
)
def test_it_is_what_fits_there(at: dict[str, str], first: tuple[str, ...]) -> None:
    words = offered(**at)
    assert words[: len(first)] == first
    assert bool(words) == bool(first)


def test_text_that_is_no_yaml_yet_is_no_reason_to_fail() -> None:
    for text in ("", "\n", "services:\n\t- [", "a: {b", "services:\n  x:\n    - - - y: z"):
        for line, row in enumerate(text.split("\n")):
            for column in range(len(row) + 1):
                complete(text, line, column)
