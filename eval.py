"""``python eval.py …`` is ``pn3d eval …``."""

import sys

from pn3d.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["eval", *sys.argv[1:]]))
