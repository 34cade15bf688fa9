"""Entry point: find our own package (a folder run as a program only sees its own files) and serve."""

import os
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from engine.networks.names import server

    server.main(*sys.argv[1:])
