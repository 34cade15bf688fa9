"""Which versions of the API are spoken, and the headers that say so."""

from __future__ import annotations

from engine.api.http.statuses import Refusal
from engine.version import own_version

MINIMUM = (1, 24)
MAXIMUM = (1, 54)
UNNAMED = (1, 51)
"""What a request without a version gets: the last one whose answers still have all that older clients read."""
API_VERSION = f"{MAXIMUM[0]}.{MAXIMUM[1]}"
MINIMUM_API_VERSION = f"{MINIMUM[0]}.{MINIMUM[1]}"


VERSION = own_version()

VERSION_HEADERS = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": f"Wherry/{VERSION} (linux)",
}


def check_version(major: int, minor: int) -> tuple[int, int]:
    """The version, or the refusal Docker's clients know how to read."""
    asked = (major, minor)
    if asked < MINIMUM:
        raise Refusal(
            400,
            f"client version {major}.{minor} is too old. Minimum supported API version is {MINIMUM_API_VERSION}, "
            "please upgrade your client to a newer version",
        )
    if asked > MAXIMUM:
        raise Refusal(400, f"client version {major}.{minor} is too new. Maximum supported API version is {API_VERSION}")
    return asked
