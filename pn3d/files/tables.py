"""The package's own tables: comma-separated files that lie beside the modules that use them."""

import csv
from pathlib import Path


def read_table(module_file: str, name: str) -> list[dict[str, str]]:
    """The rows of the table ``name`` beside a module (its ``__file__``), each by column, as text.

    Lines that begin with ``#`` are comments; spaces behind a comma do not count.
    """
    lines = Path(module_file).with_name(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), skipinitialspace=True))
