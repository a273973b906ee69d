"""The cells of a table: separators, quotes, empty cells, decimal commas.

Two ways through it, with the same result: the csv module takes everything, and says where it is damaged; of
plain tables (no quotes, a comma or tab between cells) NumPy reads the numbers and columns are cut out of the lines,
five times as fast.
"""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pn3d.detectors.collecting import shown
from pn3d.files.errors import UserError

_SEPARATORS = (",", ";", "\t")


class Table:
    """A table as text; ``where`` names the file. Rows are walked, never kept.

    Attributes:
        heading: the first row's words where they are not all numbers, else None.
        keep: (rows,) bool, rows that ``numbers`` and ``labels`` give; all where None.
    """

    def __init__(self, text: str, where: str) -> None:
        self.where, self.text = where, text
        first = next((line for line in text.splitlines() if line.strip()), "")
        if not first:
            raise UserError(f"{where}: empty file; expected a table of keypoints")
        counts = {mark: first.count(mark) for mark in _SEPARATORS}
        self.separator = max(_SEPARATORS, key=lambda mark: (counts[mark], mark == ";")) if any(counts.values()) else " "
        if counts[";"] and counts[","] <= 2 * counts[";"] and counts[";"] >= counts[","] / 2:
            self.separator = ";"  # decimal commas
        _, words = next(self._rows())
        self.words = [word.strip() for word in words]
        self.heading = None if all(is_number(word) for word in words) else self.words
        self.keep: np.ndarray | None = None
        plain_ends = self.text.count("\r") == self.text.count("\r\n")
        self._is_plain = self.separator in (",", "\t") and '"' not in self.text and plain_ends

    def _plain_lines(self) -> list[str]:
        """Lines behind the heading, made anew each time: kept, they would double what a large table takes."""
        nothing = self.separator + " \t\r"
        lines = [line for line in self.text.split("\n") if line.strip(nothing)]
        return lines if self.heading is None else lines[1:]

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, cells) of rows that are not empty."""
        stream = io.StringIO(self.text, newline="")
        space = self.separator == " "
        reader = csv.reader(stream, delimiter=self.separator, skipinitialspace=True)
        try:
            for row in reader:
                cells = [cell for cell in row if cell] if space else row
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise UserError(f"{self.where}: line {reader.line_num}: not a readable table: {error}") from error

    def body(self) -> Iterator[tuple[int, list[str]]]:
        """Rows behind the heading."""
        rows = self._rows()
        if self.heading is not None:
            next(rows, None)
        return rows

    def numbers(self, columns: Sequence[int]) -> np.ndarray:
        """(rows, columns) float64; empty cells are NaN."""
        values = self._all_numbers(columns)
        return values if self.keep is None else values[self.keep]

    def labels(self, column: int) -> list[str]:
        """The texts of one column."""
        texts = self._all_labels(column)
        return texts if self.keep is None else [text for text, kept in zip(texts, self.keep, strict=True) if kept]

    def _all_numbers(self, columns: Sequence[int]) -> np.ndarray:
        if self._is_plain:
            try:
                return self._plain_numbers(columns)
            except ValueError:
                pass  # words in cells, rows that are too short: read below, or told where
        values = array("d")
        width, last = len(columns), max(columns)
        count = 0
        for line, cells in self.body():
            if len(cells) <= last:
                raise UserError(f"{self.where}: line {line}: expected at least {last + 1} columns, found {len(cells)}")
            try:
                values.extend([float(cells[i] or "nan") for i in columns])
            except ValueError:
                values = values[: count * width]
                values.extend([self._number(cells[i], line) for i in columns])
            count += 1
        if not count:
            raise UserError(f"{self.where}: a heading and no rows; expected one row per frame")
        return np.frombuffer(values, np.float64).reshape(count, width).copy()

    def _plain_numbers(self, columns: Sequence[int]) -> np.ndarray:
        lines: Iterable[str] = self._plain_lines()
        if not lines:
            raise ValueError("no rows")
        mark = self.separator
        if mark * 2 in self.text or mark + "\n" in self.text or mark + "\r" in self.text or "\n" + mark in self.text:
            lines = (_without_gaps(line, mark) for line in lines)
        return np.loadtxt(lines, np.float64, comments=None, delimiter=mark, usecols=list(columns), ndmin=2)

    def _plain_labels(self, column: int) -> list[str] | None:
        """The texts of one column, equal ones the same object; None where a row is too short."""
        mark, known = self.separator, dict[str, str]()
        one_of = known.setdefault
        try:
            cells = [line.split(mark, column + 1)[column] for line in self._plain_lines()]
        except IndexError:
            return None
        return [one_of(text, text) for text in map(str.strip, cells)] or None

    def _all_labels(self, column: int) -> list[str]:
        if self._is_plain and (cut := self._plain_labels(column)) is not None:
            return cut
        found = []
        for line, cells in self.body():
            if len(cells) <= column:
                raise UserError(
                    f"{self.where}: line {line}: expected at least {column + 1} columns, found {len(cells)}"
                )
            found.append(cells[column].strip())
        return found

    def _number(self, cell: str, line: int) -> float:
        text = cell.strip()
        if text.lower() in ("", "none", "null", "na", "n/a", "-"):
            return float("nan")
        if self.separator != "," and text.count(",") == 1:
            text = text.replace(",", ".")
        try:
            return float(text)
        except ValueError:
            raise UserError(f"{self.where}: line {line}: expected a number, found {shown(cell)}") from None


def _without_gaps(line: str, mark: str) -> str:
    """The line with ``nan`` in empty cells."""
    line = line.rstrip("\r")
    line = line.replace(mark * 2, f"{mark}nan{mark}").replace(mark * 2, f"{mark}nan{mark}")
    return ("nan" if line.startswith(mark) else "") + line + ("nan" if line.endswith(mark) else "")


def is_number(word: str) -> bool:
    """Whether a cell is a number, with a point or a comma, or empty."""
    text = word.strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True
