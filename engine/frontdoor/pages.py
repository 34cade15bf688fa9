"""The door's own pages: the list of addresses, and why a service cannot be shown. Small, without scripts. Pure."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.frontdoor import DoorAddress

_STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:44rem;margin:12vh auto 4rem;padding:0 1.5rem}
h1{font-size:1.5rem;font-weight:600;margin:0 0 .75rem;overflow-wrap:anywhere}
p{margin:.25rem 0 1rem;opacity:.8}
table{width:100%;border-collapse:collapse;margin-top:1.5rem}
td,th{text-align:left;padding:.6rem .75rem .6rem 0;
border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent);
vertical-align:top;overflow-wrap:anywhere}
th{font-weight:500;opacity:.65;font-size:.85rem}
a{color:light-dark(#0b57a4,#8ab8ff)}
.off{opacity:.55}
"""
_HEAD = (
    "Content-Type: text/html; charset=utf-8",
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
    "Connection: close",
)
_AGAIN_SECONDS = 2


def index(addresses: Sequence[DoorAddress]) -> bytes:
    """What there is, and where it leads."""
    if not addresses:
        return _answer(200, "Wherry", "<p>No container has a port that the door could show.</p>")
    rows = "".join(map(_row, addresses))
    return _answer(
        200,
        "Services of this computer",
        f"<table><thead><tr><th>Address</th><th>Container</th><th>Port inside</th></tr></thead>{rows}</table>",
    )


def _row(address: DoorAddress) -> str:
    host = escape(address.hosts[0])
    if not address.runs:
        return f'<tr class="off"><td>{host}</td><td>{escape(address.name)}</td><td>stopped</td></tr>'
    link = f'<a href="{escape(address.url, quote=True)}">{host}</a>'
    return f"<tr><td>{link}</td><td>{escape(address.name)}</td><td>{address.port}</td></tr>"


def unknown(host: str) -> bytes:
    return _answer(
        404,
        "There is no such service",
        f"<p>No container is called {escape(host)}. The front page of the door (localhost) lists those there are.</p>",
    )


def stopped(address: DoorAddress) -> bytes:
    words = f"<p>{escape(address.name)} does not run. Start it, and this page follows.</p>"
    return _answer(503, "The service is stopped", words, again=True)


def silent(address: DoorAddress) -> bytes:
    """Usual in the first moments of a service."""
    words = (
        f"<p>{escape(address.name)} runs, but nobody in it listens on port {address.port}. "
        "Another port is chosen by the label wherry.http.port.</p>"
    )
    return _answer(502, "The service does not answer yet", words, again=True)


def broken(address: DoorAddress, why: str) -> bytes:
    words = f"<p>{escape(address.name)} was asked on port {address.port}. {escape(why)}</p>"
    return _answer(502, "The service gave no answer that can be shown", words)


def refusal(status: int, title: str, words: str) -> bytes:
    return _answer(status, title, f"<p>{escape(words)}</p>" if words else "")


def _answer(status: int, title: str, body: str, *, again: bool = False) -> bytes:
    refresh = f'<meta http-equiv="refresh" content="{_AGAIN_SECONDS}">' if again else ""
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    ).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *_HEAD, f"Content-Length: {len(page)}", "", ""]
    return "\r\n".join(lines).encode() + page
