"""The package's own tables: read by column, and shipped with the package."""

import tomllib
from pathlib import Path

import pytest

from pn3d.files.tables import read_table

ROOT = Path(__file__).resolve().parents[2]


def test_rows_by_column_without_comments(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("# of what\nname, size_m\n# a comment\nfoot,  0.3\n", encoding="utf-8")
    assert read_table(str(tmp_path / "module.py"), "sizes.csv") == [{"name": "foot", "size_m": "0.3"}]


@pytest.mark.parametrize("row", ["foot, 0.3, 2", "foot"])
def test_a_row_of_other_cells_than_the_heading_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "sizes.csv").write_text(f"name, size_m\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"sizes\.csv: \d cells in the row 'foot', expected 2"):
        read_table(str(tmp_path / "module.py"), "sizes.csv")


def test_the_package_ships_every_table() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["pn3d"]
    shipped = {path for pattern in patterns for path in (ROOT / "pn3d").glob(pattern)}
    tables = {path for path in (ROOT / "pn3d").rglob("*") if path.suffix in (".csv", ".txt", ".toml")}
    assert tables
    assert tables <= shipped
