"""Entry point: find our own package (a folder run as a program only sees its own files) and serve."""

import os
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    if sys.argv[1] == "devices":
        from engine.sandbox.keeper import devices

        devices.main(int(sys.argv[2]))
    else:
        from engine.sandbox.keeper import server

        server.main(int(sys.argv[1]))
