"""A login for a registry as a request to a Docker engine carries it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.types.images import Login


def login_headers(login: Login | None) -> dict[str, str] | None:
    if login is None:
        return None
    said = {"serveraddress": login.server}
    said |= (
        {"identitytoken": login.identity_token}
        if login.identity_token
        else {"username": login.username, "password": login.password}
    )
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(said).encode()).decode()}
