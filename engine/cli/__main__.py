"""`python -m engine.cli` is `wherry`."""

import sys

from engine.cli.main import main

sys.exit(main())
