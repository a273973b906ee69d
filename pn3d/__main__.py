"""``python -m pn3d``."""

import sys

from pn3d.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
