"""The cells of a table: separators, quotes, empty cells, decimal commas.

A table is walked in blocks of rows, never kept as text. Lines without quotes are cut at once, a block at a time, and
the parser of JSON reads their numbers, many times as fast as the csv module, which reads the others; the cells are
the same.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import orjson

from pn3d.detectors.collecting import shown
from pn3d.files.errors import UserError

_SEPARATORS = (",", ";", "\t")
_NOTHING = ("", "nan", "none", "null", "na", "n/a", "-")
_BLOCK_CHARACTERS, _BLOCK_ROWS = 1 << 22, 10_000


def as_number(cell: str, decimal_comma: bool = True) -> float | None:
    """A cell as a number, with a point or, where it may, a comma; NaN where it is empty, None for a word."""
    text = cell.strip()
    if text.lower() in _NOTHING:
        return float("nan")
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, cut one by one, with their ends."""
    return (found[0] for found in re.finditer(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+", text))


@dataclass
class _Block:
    """Cells of some rows, one row after the other, and the line of each row.

    Attributes:
        cells: of all rows, ``width`` of each.
        lines: (rows,) number of the line in the file.
        decimal_comma: whether a comma within a cell is a decimal point.
        plain: the rows as text, cells divided by commas, where that is what they are; empty once it was tried.
        whole: (rows * width,) all cells as numbers, where they are.
    """

    cells: list[str]
    width: int
    lines: Sequence[int]
    decimal_comma: bool
    plain: str = ""
    whole: np.ndarray | None = None

    def texts(self, column: int) -> list[str]:
        return self.cells[column :: self.width]

    def numbers(self, column: int) -> np.ndarray | None:
        """(rows,) float64; None where a cell is a word."""
        if self.plain:  # rows of nothing but numbers need not be cut
            self.whole, self.plain = _json_numbers(self.plain, len(self.cells)), ""
        if self.whole is not None:
            return self.whole[column :: self.width]
        texts = self.texts(column)
        mark = "\n" if self.decimal_comma else ","
        joined = mark.join(texts)
        if self.decimal_comma:
            joined = joined.replace(",", ".").replace(mark, ",")
        found = _json_numbers(joined, len(texts))
        if found is not None:
            return found
        values = [as_number(text, self.decimal_comma) for text in texts]
        return None if None in values else np.array(values, np.float64)


def _json_numbers(text: str, count: int) -> np.ndarray | None:
    """(count,) numbers between commas, NaN for nothing; None where the text is not exactly that, for JSON's parser."""
    if "u" in text or "s" in text:  # true, false and null would be numbers
        return None
    text = f",{text},".replace("nan", "null").replace("NaN", "null")
    if ",," in text:
        text = text.replace(",,", ",null,").replace(",,", ",null,")
    try:
        values = np.array(orjson.loads(f"[{text[1:-1]}]"), np.float64)
    except (ValueError, TypeError):
        return None
    return values if values.shape == (count,) else None


class Table:
    """A table as text; ``where`` names the file.

    Attributes:
        separator: of cells; " " for any number of spaces.
        decimal_comma: whether a comma within a cell is a decimal point.
        words: the first row's cells.
        heading: ``words`` where they are not all numbers, else None.
        head_rows: how many rows are headings.
        keep: (rows,) bool, rows that ``numbers`` and ``texts`` give; all where None.
    """

    def __init__(self, text: str, where: str) -> None:
        self.where, self.text = where, text
        first = next((line for line in lines_of(text) if line.strip()), "")
        if not first:
            raise UserError(f"{where}: empty file; expected a table of keypoints")
        counts = {mark: first.count(mark) for mark in _SEPARATORS}
        self.separator = max(_SEPARATORS, key=lambda mark: (counts[mark], mark == ";")) if any(counts.values()) else " "
        if counts[";"] and counts[","] <= 2 * counts[";"] and counts[";"] >= counts[","] / 2:
            self.separator = ";"  # decimal commas
        self.decimal_comma = self.separator != ","
        _, words = next(self.rows())
        self.words = [word.strip() for word in words]
        self.heading = None if all(as_number(word) is not None for word in words) else self.words
        self.head_rows = 0 if self.heading is None else 1
        self.keep: np.ndarray | None = None
        self._numbers: dict[int, np.ndarray | None] = {}
        self._texts: dict[int, list[str]] = {}
        plain_ends = text.count("\r") == text.count("\r\n")
        self._is_plain = self.separator != " " and '"' not in text and plain_ends

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, cells) of rows that are not empty, headings too."""
        space = self.separator == " "
        reader = csv.reader(lines_of(self.text), delimiter=self.separator, skipinitialspace=True)
        try:
            for row in reader:
                cells = [cell for cell in row if cell] if space else row
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise UserError(f"{self.where}: line {reader.line_num}: not a readable table: {error}") from error

    def read(self, numbers: Iterable[int] = (), texts: Iterable[int] = ()) -> None:
        """Reads columns in one pass, for ``numbers``, ``numbers_or_none`` and ``texts``."""
        values: dict[int, list[np.ndarray] | None] = {i: [] for i in numbers if i not in self._numbers}
        words: dict[int, list[str]] = {i: [] for i in texts if i not in self._texts}
        if not values and not words:
            return
        rows, known = 0, dict[str, str]()
        one_of = known.setdefault
        for block in self._blocks(max(values.keys() | words.keys()) + 1):
            rows += len(block.lines)
            for column, parts in values.items():
                part = None if parts is None else block.numbers(column)
                if parts is None or part is None:
                    values[column] = None
                else:
                    parts.append(part)
            for column, cells in words.items():
                cells += [one_of(text, text) for text in map(str.strip, block.texts(column))]
        if not rows:
            raise UserError(f"{self.where}: a heading and no rows; expected one row per frame")
        for column in list(values):
            parts = values.pop(column)
            self._numbers[column] = None if parts is None else np.concatenate(parts)
        self._texts |= words

    def numbers(self, column: int) -> np.ndarray:
        """(rows,) float64 of a column; empty cells are NaN. UserError names a cell that is a word."""
        values = self.numbers_or_none(column)
        if values is None:
            for block in self._blocks(column + 1):
                for line, cell in zip(block.lines, block.texts(column), strict=True):
                    if as_number(cell, self.decimal_comma) is None:
                        raise UserError(f"{self.where}: line {line}: expected a number, found {shown(cell)}")
        assert values is not None
        return values

    def numbers_or_none(self, column: int) -> np.ndarray | None:
        """(rows,) float64 of a column, or None where one of its cells is a word."""
        self.read(numbers=[column])
        values = self._numbers[column]
        return values if values is None or self.keep is None else values[self.keep]

    def texts(self, column: int) -> list[str]:
        """The texts of a column, equal ones the same object."""
        self.read(texts=[column])
        texts = self._texts[column]
        return texts if self.keep is None else [text for text, kept in zip(texts, self.keep, strict=True) if kept]

    def _blocks(self, needed: int) -> Iterator[_Block]:
        """The rows behind the headings; UserError for one of fewer cells than ``needed``, or more than headings."""
        if self._is_plain:
            yield from self._plain_blocks(needed)
            return
        rows = islice(self.rows(), self.head_rows, None)
        while some := list(islice(rows, _BLOCK_ROWS)):
            yield self._block(some, needed)

    def _plain_blocks(self, needed: int) -> Iterator[_Block]:
        mark = self.separator
        start, line, heads = 0, 1, self.head_rows
        while start < len(self.text):
            end = self.text.find("\n", start + (0 if heads else _BLOCK_CHARACTERS))
            end = len(self.text) if end < 0 else end
            text, first = self.text[start:end], line
            start, line = end + 1, line + self.text.count("\n", start, end) + 1
            if "\r" in text:
                text = text.replace("\r", "")
            if heads:
                heads -= bool(text.strip(mark + " \t"))
                continue
            text = text.rstrip("\n")
            width = _width(text, mark)
            empty_row = f"\n{mark * (width - 1)}\n"
            if needed <= width <= len(self.words) and empty_row not in f"\n{text}\n":
                commas = text.replace("\n", mark)
                rows = range(first, first + text.count("\n") + 1)
                plain = commas if mark == "," else ""
                yield _Block(commas.split(mark), width, rows, self.decimal_comma, plain)
            else:
                numbered = ((n, one.split(mark)) for n, one in enumerate(text.split("\n"), first))
                yield self._block([row for row in numbered if any(map(str.strip, row[1]))], needed)

    def _block(self, rows: list[tuple[int, list[str]]], needed: int) -> _Block:
        cells: list[str] = []
        for line, row in rows:
            if len(row) < needed:
                raise UserError(f"{self.where}: line {line}: expected at least {needed} columns, found {len(row)}")
            if any(map(str.strip, row[len(self.words) :])):
                raise UserError(f"{self.where}: line {line}: {len(row)} cells, but the first row has {len(self.words)}")
            cells += row[:needed]
        return _Block(cells, needed, [line for line, _ in rows], self.decimal_comma)


def _width(text: str, mark: str) -> int:
    """Cells of each line where all lines have as many, else 0."""
    marks = np.frombuffer(text.encode(), np.uint8)
    marks = marks[(marks == ord(mark)) | (marks == ord("\n"))] == ord("\n")
    rows = int(marks.sum()) + 1
    width = (len(marks) + 1) // rows
    return width if width * rows == len(marks) + 1 and bool(marks[width - 1 :: width].all()) else 0
