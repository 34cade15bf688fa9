"""One client for all, opened when it is needed and made to forget when something was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.registry.logins import Logins
from engine.registry.registries import Registries
from engine.registry.settings import RegistryBook
from engine.registry.settings_file import SettingsFile
from engine.types.images import ProxySettings
from tests.support.nasty_registry import IMPATIENT, answer, no_helper, serve_nastily

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_changed_file_and_a_changed_login_count_for_the_next_question(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "registries.toml")
    logins = Logins(tmp_path / "logins.json", helper=no_helper, config_files=[])
    registries = Registries(logins, RegistryBook(file=file), version="7", limits=IMPATIENT)
    registries.forget()
    async with serve_nastily() as server, serve_nastily() as proxy:
        server.routes["/v2/app/tags/"] = answer(b'{"tags": ["direct"]}')
        proxy.routes["/"] = answer(b'{"tags": ["through"]}')
        client = registries.client()
        assert registries.client() is client
        assert await client.tags(server.host, "app") == ["direct"]
        assert server.requests[0].headers["User-Agent"] == "wherry/7"
        assert client.transport._authorizers
        registries.forget()
        assert not client.transport._authorizers

        await client.tags(server.host, "app")
        assert client.transport.tries == IMPATIENT.tries
        file.write([], ProxySettings(http=proxy.host))
        assert registries.client() is client
        assert not client.transport._authorizers
        client.transport._schemes["far.example"] = "http"
        settings = RegistryBook().primary("far.example")
        assert client.transport._proxy("http", settings.host) == f"http://{proxy.host}"
    await registries.close()
    assert client.transport._session is None


async def test_what_was_never_opened_is_closed_too(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "logins.json", helper=no_helper, config_files=[])
    registries = Registries(logins, RegistryBook(), version="7")
    assert registries.web is registries.web
    await registries.close()
