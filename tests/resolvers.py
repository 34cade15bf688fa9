"""Names as real resolvers ask for them inside: dig, a program with musl, and one of Go with its own resolver.

    python -m tests.resolvers GO_PROGRAM

Needs bind9-dnsutils and musl-tools, too much for every run of the tests; GO_PROGRAM is a docker client that is linked
statically. Run as an ordinary user. It prints a table, and ends with 1 where one of them heard another thing.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.embedded import open_engine
from engine.types.containers import Mount
from engine.types.networks import CreateNetwork
from tests.support.stores import make_short_tmp, remove_tree
from tests.system.containers.conftest import load_busybox, run
from tests.system.networks.asking import LENT, said

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

_MUSL = """
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
int main(int count, char **words) {
    char text[1025];
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found;
    int code = getaddrinfo(words[1], 0, &wanted, &found);
    if (code) { puts(gai_strerror(code)); return 0; }
    for (struct addrinfo *each = found; each; each = each->ai_next) {
        int flags = count > 2 ? NI_NAMEREQD : NI_NUMERICHOST;
        if (!getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, 0, 0, flags)) puts(text);
    }
}
"""
_TRIES = 6


class Case(NamedTuple):
    resolver: str
    what: str
    asker: str
    command: str
    heard: str
    """A pattern of the whole output, blanks taken together."""


def cases(db: str, db6: str, webs: list[str]) -> list[Case]:
    any_web = f"({'|'.join(map(re.escape, webs))})"
    one, one6, turn = re.escape(db), re.escape(db6), " ".join([any_web] * len(webs))
    dig, musl, go = "dig +timeout=5 +tries=1", "/probe", "/go/docker manifest inspect --insecure "
    return [
        Case("dig", "A", "asker", f"{dig} +short db", one),
        Case("dig", "AAAA", "asker", f"{dig} +short db AAAA", one6),
        Case("dig", "PTR", "asker", f"{dig} +short -x {db}", r"db\.shop\."),
        Case("dig", "PTR of IPv6", "asker", f"{dig} +short -x {db6}", r"db\.shop\."),
        Case("dig", "an alias, large letters", "asker", f"{dig} +short STORE", one),
        Case("dig", "over TCP", "asker", f"{dig} +short +tcp db", one),
        Case("dig", "time to live", "asker", f"{dig} +noall +answer db", rf"db\. 0 IN A {one}"),
        Case("dig", "EDNS", "asker", f"{dig} +bufsize=4096 db", r".*status: NOERROR.*EDNS: version: 0.*udp: 1232.*"),
        Case("dig", "without EDNS", "asker", f"{dig} +noedns +short db", one),
        Case("dig", "a version of EDNS to come", "asker", f"{dig} +edns=1 +noednsneg db", ".*status: BADVERS.*"),
        Case("dig", "a search domain", "searching", f"{dig} +search +short db", one),
        Case("dig", "no such name inside", "asker", f"{dig} web9.shop", ".*status: NXDOMAIN.*"),
        Case("dig", "the world from an internal network", "inside", f"{dig} example.org", ".*status: NXDOMAIN.*"),
        Case("dig", "all of a scaled service", "asker", f"{dig} +short web", turn),
        Case("musl", "both kinds of address", "asker", f"{musl} db", rf"({one} {one6}|{one6} {one})"),
        Case("musl", "an alias", "asker", f"{musl} store", rf"({one} {one6}|{one6} {one})"),
        Case("musl", "a search domain", "searching", f"{musl} db", rf"({one} {one6}|{one6} {one})"),
        Case("musl", "back to a name", "asker", f"{musl} {db} name", r"db\.shop"),
        Case("musl", "the world from an internal network", "inside", f"{musl} example.org", "Name does not resolve"),
        Case("Go", "a name", "asker", f"{go}db:9/some/image", rf".*\[?({one}|{one6})\]?:9.*"),
        Case("Go", "an alias", "asker", f"{go}store:9/some/image", rf".*\[?({one}|{one6})\]?:9.*"),
        Case("Go", "a search domain", "searching", f"{go}db:9/some/image", rf".*\[?({one}|{one6})\]?:9.*"),
        Case("Go", "all of a scaled service", "asker", f"{go}web:9/some/image", rf".*{any_web}:9.*"),
        Case("Go", "the world from an internal network", "inside", f"{go}example.org:9/some/image", ".*no such host.*"),
    ]


async def turns(engine: EmbeddedEngine, count: int) -> bool:
    """Whether each address of a scaled service stands first now and then."""
    heard = [(await said(engine, "asker", "dig", "+short", "web")).split() for _ in range(_TRIES)]
    return len({each[0] for each in heard}) == count


async def main(go: Path) -> int:
    place = make_short_tmp()
    engine = await open_engine(place.root, place.run)
    wrong = 0
    try:
        await load_busybox(engine)
        tools = place.path / "tools"
        tools.mkdir()
        (tools / "probe.c").write_text(_MUSL)
        command = ["musl-gcc", "-static", "-o", str(tools / "probe"), str(tools / "probe.c")]
        await asyncio.to_thread(subprocess.run, command, check=True)
        shutil.copy(go, tools / "docker")
        lent = (
            *LENT,
            Mount(kind="bind", source=str(tools / "probe"), target="/probe"),
            Mount(kind="bind", source=str(tools), target="/go"),
        )
        await engine.networks.create(CreateNetwork(name="shop", ipv6=True))
        await engine.networks.create(CreateNetwork(name="inner", internal=True))
        db = await run(engine, name="db", network="shop", network_aliases=("store",))
        webs = [await run(engine, name=f"web{number}", network="shop", network_aliases=("web",)) for number in range(3)]
        await run(engine, name="asker", network="shop", mounts=lent)
        await run(engine, name="searching", network="shop", mounts=lent, dns_search=("shop",))
        await run(engine, name="inside", network="inner", mounts=lent)
        members = {each.container_id: each for each in (await engine.networks.get("shop")).members}
        addresses = [members[each.id].ip_address for each in webs]
        for case in cases(members[db.id].ip_address, members[db.id].ip6_address, addresses):
            text = " ".join((await said(engine, case.asker, *case.command.split())).split())
            good = re.fullmatch(case.heard, text) is not None
            wrong += not good
            tell(case.resolver, case.what, good=good, heard=text)
        good = await turns(engine, len(webs))
        wrong += not good
        tell("dig", "each of a scaled service stands first", good=good, heard="")
    finally:
        await engine.close(stop_containers=True)
        remove_tree(place.path)
    return 1 if wrong else 0


def tell(resolver: str, what: str, *, good: bool, heard: str) -> None:
    sys.stdout.write(f"{resolver:<6}{what:<44}{'as it should' if good else 'WRONG: ' + heard}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("go", type=Path)
    sys.exit(asyncio.run(main(parser.parse_args().go)))
