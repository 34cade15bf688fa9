"""`door`: the front door, where services have addresses: open it, close it, see what is behind it."""

from __future__ import annotations

from typing import Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine

_HTTPS = """
Browsers trust these certificates once they know the authority, which can sign for *.localhost only:
  {0}
  Debian, Ubuntu:   sudo cp {0} /usr/local/share/ca-certificates/wherry.crt && sudo update-ca-certificates
  Chromium:         certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Wherry -i {0}
  Firefox:          Settings, Certificates, Authorities, Import
  curl:             curl --cacert {0} ADDRESS"""


def on(given: Given) -> int:
    wanted: dict[str, Any] = {"on": True}
    if given.has("port"):
        wanted["port"] = given.number("port")
    if given.has("tls"):
        wanted["tls"] = given.flag("tls")
    _tell(engine().put("/wherry/door", wanted))
    return 0


def off(given: Given) -> int:
    _tell(engine().put("/wherry/door", {"on": False}))
    return 0


def status(given: Given) -> int:
    form = given.text("format")
    if form not in ("", "table", "json"):
        raise UsageError("--format is table or json")
    told = engine().get("/wherry/door")
    if form == "json":
        import json

        say(json.dumps(told))
    else:
        _tell(told)
    return 0 if told["listening"] or not told["settings"]["on"] else 1


def _tell(door: dict[str, Any]) -> None:
    from engine.cli.printed.tables import show

    if not door["settings"]["on"]:
        say("The front door is off. Open it: wherry door on")
        return
    if not door["listening"]:
        say(f"The front door should be open and is not. {door['problem']}".rstrip())
        return
    say(f"The front door is open at {door['url']}")
    if door["addresses"]:
        say()
        rows = [
            {
                "Address": each["url"],
                "Name": each["name"],
                "Port": str(each["port"]),
                "State": "running" if each["runs"] else "stopped",
            }
            for each in door["addresses"]
        ]
        columns = [("ADDRESS", "Address"), ("CONTAINER", "Name"), ("PORT", "Port"), ("STATE", "State")]
        show(rows, "", columns=columns)
    if door["settings"]["tls"]:
        say(_HTTPS.format(door["authority"]))


_ON = """
-p --port number  The port on this computer's loopback (default 8088, or what it was before)
--tls flag        Also answer to https, by an authority made for you
"""
COMMANDS = {
    "door on": Command(on, "[OPTIONS]", "Open the front door, now and at every start", _ON, most=0),
    "door off": Command(off, "", "Close the front door", most=0),
    "door status": Command(
        status, "[OPTIONS]", "Show the addresses of services", "--format text 'table' or 'json'", most=0
    ),
}
