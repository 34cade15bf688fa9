"""Entry point: find our own package (a folder run as a program only sees its own files) and serve; or, asked to, only
try whether the kernel has a packet filter for this namespace."""

import os
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    if sys.argv[1:] == ["try-filter"]:
        from engine.networks.names import filters

        sys.stdout.write(filters.tried())
    else:
        from engine.networks.names import server

        server.main(*sys.argv[1:])
