"""Errors: every code has a status, and every error of the tree reaches the client with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.api.http.statuses import STATUS, message_of
from engine.errors import Code, NotFound, RuntimeFailure, WherryError

if TYPE_CHECKING:
    from tests.unit.api.serving import Served


def test_no_code_is_unmapped() -> None:
    assert set(STATUS) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_every_status_is_an_error(code: Code) -> None:
    assert 400 <= STATUS[code] < 600


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        (Code.COMMAND_NOT_FOUND, "executable file not found"),
        (Code.COMMAND_NOT_EXECUTABLE, "permission denied"),
    ],
)
def test_the_words_that_clients_choose_exit_codes_by(code: Code, phrase: str) -> None:
    assert phrase in message_of(RuntimeFailure("It did not start", code=code))


def test_a_bare_title_is_said_as_it_is() -> None:
    assert message_of(NotFound("No such image: x:1")) == "No such image: x:1"


@pytest.mark.parametrize("code", list(Code))
async def test_an_engine_error_is_a_message_with_its_status(
    api: Served, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise WherryError("It went wrong", "For this reason.", code=code, hint="Do that.")

    monkeypatch.setattr(api.engine.volumes, "list", fail)
    reply = await api.ask("GET", "/volumes")
    assert reply.status == STATUS[code]
    assert "For this reason. Do that." in reply.message


async def test_a_bug_is_a_500_without_a_traceback(
    api: Served, monkeypatch: pytest.MonkeyPatch, expect_log: object
) -> None:
    async def fail() -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(api.engine.volumes, "list", fail)
    expect_log("failed unexpectedly")  # type: ignore[operator]
    reply = await api.ask("GET", "/volumes")
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
