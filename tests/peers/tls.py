"""`dockerd --tlsverify`: who is let in by it, and what is told to whom is not. Run in its network namespace:

python -m tests.peers.tls CERTIFICATES PORT
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.errors import MachineError
from engine.machines.machine_list import Entry
from engine.remote.link import Link
from tests.support.certificates import cases


async def told(directory: Path, port: int) -> int:
    wrong = 0
    for name, (values, words) in cases(directory).items():
        link = Link(Entry("there", f"tcp://127.0.0.1:{port}", **values), "")  # type: ignore[arg-type]
        try:
            version = await link.agree()
            said = "" if version.get("Version") else "no version"
        except MachineError as error:
            said = str(error)
        finally:
            await link.close()
        good = words in said and bool(words) == bool(said)
        wrong += not good
        sys.stdout.write(f"  tls: {name:20} {'ok' if good else 'WRONG'}  {said}\n")
    return wrong


if __name__ == "__main__":
    sys.exit(asyncio.run(told(Path(sys.argv[1]), int(sys.argv[2]))) > 0)
