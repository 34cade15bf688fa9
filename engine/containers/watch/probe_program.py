"""Run by the keeper in a container's network: ask one question and end with what came of it.

    python -SI probe_program.py SECONDS http://127.0.0.1:80/path ["Header: value"…]
    python -SI probe_program.py SECONDS 127.0.0.1:5432

The image needs no program for it. Standard library only.
"""

import socket
import ssl
import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

_GOOD = range(200, 400)
_MOST = 4096


def ask_http(address: str, headers: dict[str, str], seconds: float) -> int:
    """As the kubelet does: certificates are not looked at, and any answer from 200 to 399 is good."""
    parts = urlsplit(address)
    host, port = parts.hostname or "127.0.0.1", parts.port
    connection: HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = HTTPConnection(host, port, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connection):
        connection.request("GET", path, headers={"User-Agent": "wherry-probe", **headers})
        answer = connection.getresponse()
        sys.stdout.write(f"{answer.status} {answer.reason}\n{answer.read(_MOST).decode('utf-8', 'replace')}")
    return 0 if answer.status in _GOOD else 1


def ask_tcp(address: str, seconds: float) -> int:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=seconds):
        sys.stdout.write(f"{address} listens")
    return 0


def main(words: list[str]) -> int:
    seconds, address = float(words[0]), words[1]
    try:
        if "://" in address:
            pairs = (line.partition(":") for line in words[2:])
            return ask_http(address, {name.strip(): value.strip() for name, _, value in pairs}, seconds)
        return ask_tcp(address, seconds)
    except (OSError, HTTPException, ValueError) as error:
        sys.stdout.write(f"{address}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
