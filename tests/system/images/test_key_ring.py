"""Logins in the desktop's key ring, over a real bus; and a desktop that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.registry.secret_service import SecretService
from tests.support.key_ring import serve_key_ring

if TYPE_CHECKING:
    import pytest

    from tests.support.stores import ShortTmp


async def test_a_login_is_kept_found_and_forgotten(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_key_ring(short_tmp.path) as ring:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", ring.address)
        service = SecretService()

        assert await service.lookup("ghcr.io") is None
        assert await service.store("ghcr.io", "me", "first")
        assert await service.store("ghcr.io", "me", "sécret")
        assert await service.store("quay.io", "you", "other")
        assert await service.lookup("ghcr.io") == ("me", "sécret")
        assert sorted(await service.servers()) == [("ghcr.io", "me"), ("quay.io", "you")]
        assert len(ring.items) == 2
        assert all(attributes["application"] == "wherry" for attributes, _ in ring.items.values())
        assert await service.erase("ghcr.io")
        assert not await service.erase("ghcr.io")
        assert await service.lookup("ghcr.io") is None


async def test_without_a_bus_or_a_key_ring_the_answer_is_no(
    short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = SecretService()
    for address in ("", f"unix:path={short_tmp.path}/nothing"):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        assert not await service.store("ghcr.io", "me", "s")
        assert await service.lookup("ghcr.io") is None
        assert await service.servers() == []
        assert not await service.erase("ghcr.io")
