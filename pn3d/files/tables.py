"""The package's own tables: comma-separated files that lie beside the modules that use them."""

import csv
from pathlib import Path


def read_table(module_file: str, name: str) -> list[dict[str, str]]:
    """The rows of the table ``name`` beside a module (its ``__file__``), each by column, as text.

    Lines that begin with ``#`` are comments; spaces behind a comma do not count.

    Raises:
        ValueError: a row has more or fewer cells than the heading, such as after a comma without quotation marks.
    """
    lines = Path(module_file).with_name(name).read_text(encoding="utf-8").splitlines()
    heading, *rows = csv.reader((line for line in lines if line and not line.startswith("#")), skipinitialspace=True)
    for row in rows:
        if len(row) != len(heading):
            raise ValueError(f"{name}: {len(row)} cells in the row {row[0]!r}, expected {len(heading)}")
    return [dict(zip(heading, row, strict=True)) for row in rows]
