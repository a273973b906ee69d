"""``python train.py …`` is ``pn3d train …``."""

import sys

from pn3d.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
