"""Logins in the desktop's key ring, spoken to without a bus: locked, asking, refusing, or without a default."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from jeepney import HeaderFields, Message, new_error, new_method_return, new_signal
from jeepney.low_level import Parser
from jeepney.wrappers import DBusAddress

from engine.registry import secret_service
from engine.registry.secret_service import SecretService
from tests.support.key_ring import KeyRing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROMPT = "/org/freedesktop/secrets/prompt/1"


class AskingRing(KeyRing):
    """One whose items are locked until its user has answered."""

    locked = False
    refuses = False
    """The user dismisses what is asked."""
    default = True
    asks_to_make = False
    prompts = 0

    def answer(self, path: str, method: str, body: Any) -> tuple[str, Any]:
        if method == "ReadAlias" and not self.default:
            return "o", ("/",)
        if method == "Prompt":
            self.prompts += 1
            self.locked = self.locked and self.refuses
            return "", ()
        if method == "Unlock" and self.locked:
            return "aoo", ([], PROMPT)
        signature, found = super().answer(path, method, body)
        if method == "SearchItems" and self.locked:
            found = ([], found[0])
        if method == "CreateItem" and self.asks_to_make:
            found = ("/", PROMPT)
        if method == "GetSecret" and self.locked:
            raise KeyError("it is locked")
        return signature, found


class Router:
    """What `open_dbus_router` gives, with the ring at its other end."""

    def __init__(self, ring: AskingRing) -> None:
        self.ring = ring
        self.asked: list[tuple[str, str, str]] = []
        self._signals: asyncio.Queue[Message] = asyncio.Queue()
        self._number = 0

    async def send_and_get_reply(self, message: Message) -> Message:
        self._number += 1
        message = over_the_wire(message, self._number)
        fields = message.header.fields
        path, member = fields[HeaderFields.path], fields[HeaderFields.member]
        self.asked.append((fields[HeaderFields.interface], member, path))
        if member == "AddMatch":
            return over_the_wire(new_method_return(message), self._number)
        try:
            signature, body = self.ring.answer(path, member, message.body)
        except KeyError as error:
            said = new_error(message, "org.freedesktop.Secret.Error.IsLocked", "s", (str(error),))
            return over_the_wire(said, self._number)
        if member == "Prompt":
            emitter = DBusAddress(path, interface="org.freedesktop.Secret.Prompt")
            told = new_signal(emitter, "Completed", "bv", (self.ring.refuses, ("s", "")))
            self._signals.put_nowait(over_the_wire(told, self._number))
        return over_the_wire(new_method_return(message, signature or None, body), self._number)

    @contextmanager
    def filter(self, rule: Any) -> Iterator[asyncio.Queue[Message]]:
        assert rule.header_fields["path"] == PROMPT
        yield self._signals


def over_the_wire(message: Message, serial: int) -> Message:
    """As it would arrive: what cannot be written as it is meant fails here."""
    parser = Parser()
    parser.add_data(message.serialise(serial))
    arrived = parser.get_next_message()
    assert arrived is not None
    return arrived


@pytest.fixture
def ring() -> AskingRing:
    return AskingRing("")


@pytest.fixture
def router(ring: AskingRing, monkeypatch: pytest.MonkeyPatch) -> Router:
    made = Router(ring)

    @asynccontextmanager
    async def opened(bus: str) -> AsyncIterator[Router]:
        assert bus == "SESSION"
        yield made

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/played")
    monkeypatch.setattr(secret_service, "open_dbus_router", opened)
    return made


service = SecretService()


async def test_a_login_is_kept_under_its_server_and_replaces_the_one_before(router: Router, ring: AskingRing) -> None:
    assert await service.store("ghcr.io", "me", "first")
    assert await service.store("quay.io", "you", "other")
    assert await service.store("ghcr.io", "me", "sécret")

    assert sorted((has, secret) for has, secret in ring.items.values() if has["server"] == "ghcr.io") == [
        ({"application": "wherry", "server": "ghcr.io", "username": "me"}, "sécret".encode())
    ]
    assert await service.lookup("ghcr.io") == ("me", "sécret")
    assert await service.lookup("ghcr") is None
    assert sorted(await service.servers()) == [("ghcr.io", "me"), ("quay.io", "you")]
    assert ring.prompts == 0


async def test_logins_of_other_programs_are_not_ours(router: Router, ring: AskingRing) -> None:
    ring.items["/i/1"] = ({"application": "docker", "server": "ghcr.io", "username": "them"}, b"s")
    ring.items["/i/2"] = ({"application": "wherry"}, b"s")
    assert await service.lookup("ghcr.io") is None
    assert await service.servers() == []
    assert not await service.erase("ghcr.io")
    assert len(ring.items) == 2


async def test_a_locked_ring_asks_its_user_and_is_read_then(router: Router, ring: AskingRing) -> None:
    await service.store("ghcr.io", "me", "s")
    ring.locked = True
    assert list(await service.servers()) == [("ghcr.io", "me")], "names can be read without opening it"
    assert ring.prompts == 0
    assert await service.lookup("ghcr.io") == ("me", "s")
    assert (ring.prompts, ring.locked) == (1, False)


async def test_a_user_who_refuses_is_not_read_and_nothing_is_kept(router: Router, ring: AskingRing) -> None:
    await service.store("ghcr.io", "me", "s")
    ring.locked = ring.refuses = True
    assert await service.lookup("ghcr.io") is None
    assert not await service.store("quay.io", "me", "s")
    assert ring.prompts == 2
    assert [has["server"] for has, _ in ring.items.values()] == ["ghcr.io"]


@pytest.mark.parametrize("refuses", [False, True])
async def test_a_ring_that_asks_before_it_keeps(router: Router, ring: AskingRing, refuses: bool) -> None:
    ring.asks_to_make, ring.refuses = True, refuses
    assert await service.store("ghcr.io", "me", "s") is not refuses
    assert ring.prompts == 1


async def test_a_desktop_without_a_default_ring_keeps_nothing(router: Router, ring: AskingRing) -> None:
    ring.default = False
    assert not await service.store("ghcr.io", "me", "s")
    assert ring.items == {}


async def test_all_logins_of_a_server_are_erased(router: Router, ring: AskingRing) -> None:
    ours = {"application": "wherry", "server": "ghcr.io"}
    ring.items |= {f"/i/{n}": (ours | {"username": f"u{n}"}, b"s") for n in range(3)}
    assert await service.erase("ghcr.io")
    assert ring.items == {}
    assert not await service.erase("ghcr.io")


async def test_what_the_ring_is_asked_is_what_the_specification_names(router: Router, ring: AskingRing) -> None:
    await service.store("ghcr.io", "me", "s")
    await service.lookup("ghcr.io")
    await service.erase("ghcr.io")
    kinds = {(interface.removeprefix("org.freedesktop."), member) for interface, member, _ in router.asked}
    assert kinds == {
        ("Secret.Service", "OpenSession"), ("Secret.Service", "ReadAlias"), ("Secret.Service", "Unlock"),
        ("Secret.Service", "SearchItems"), ("Secret.Collection", "CreateItem"), ("Secret.Item", "GetSecret"),
        ("DBus.Properties", "Get"), ("Secret.Item", "Delete"),
    }  # fmt: skip


@pytest.mark.parametrize("address", [None, "", "disabled:", "unix:path=/nowhere/at/all"])
async def test_without_a_bus_the_answer_is_no(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert not await service.store("ghcr.io", "me", "s")
    assert await service.lookup("ghcr.io") is None
    assert await service.servers() == []
    assert not await service.erase("ghcr.io")


async def test_an_item_that_goes_while_it_is_read_is_no_login(router: Router, ring: AskingRing) -> None:
    await service.store("ghcr.io", "me", "s")
    real = ring.answer

    def answer(path: str, method: str, body: Any) -> tuple[str, Any]:
        if method in ("GetSecret", "Get", "Delete"):
            raise KeyError(path)
        return real(path, method, body)

    ring.answer = answer  # type: ignore[method-assign]
    assert await service.lookup("ghcr.io") is None
    assert await service.servers() == []
    assert not await service.erase("ghcr.io")
    assert not await service.store("ghcr.io", "me", "s")
