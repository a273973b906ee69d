"""report.html: one self-contained page of tables, curves and pictures of frames, from plain data."""

import html
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pn3d.evaluation.report_figures import Chart, PoseFigure, Series, chart_svg, pose_svg
from pn3d.export.viewer import fill_template, page_asset
from pn3d.files.atomic import write_atomically

Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """Rows of text or numbers; None is an empty cell. ``note`` says by which conventions the numbers were made.

    The last ``words`` columns hold text, which is set as text: to the left, in lines of its own.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    digits: int = 1
    words: int = 0


@dataclass(frozen=True)
class Section:
    """A heading, a remark, and what stands under it, in order."""

    title: str
    items: Sequence[Table | Chart | PoseFigure]
    note: str = ""


def report_html(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole page: no script, nothing from the network, readable in light and dark."""
    links = "".join(f'<a href="#s{i}">{html.escape(section.title)}</a>' for i, section in enumerate(sections))
    body = [f"<h1>{html.escape(title)}</h1><p>{html.escape(subtitle)}</p><nav>{links}</nav>"]
    for index, section in enumerate(sections):
        body.append(f'<section id="s{index}"><h2>{html.escape(section.title)}</h2>')
        body.append(f"<p>{html.escape(section.note)}</p>" if section.note else "")
        cards: list[str] = []
        for item in section.items:
            if isinstance(item, Table):
                body += [_grid(cards), table_html(item)]
                cards = []
            else:
                cards.append(chart_svg(item) if isinstance(item, Chart) else pose_svg(item))
        body += [_grid(cards), "</section>"]
    parts = {
        "TITLE": html.escape(title),
        "STYLE": page_asset("theme.css") + page_asset("report.css"),
        "BODY": "\n".join(part for part in body if part),
    }
    return fill_template(page_asset("report.html"), parts)


def write_report(path: str | os.PathLike[str], title: str, subtitle: str, sections: Sequence[Section]) -> Path:
    """Writes ``report_html``. Raises UserError where it cannot be written."""
    return write_atomically(path, report_html(title, subtitle, sections))


def table_html(table: Table) -> str:
    """A card with the table."""
    numbers = len(table.columns) - table.words
    kinds = [' class="words"' if column >= numbers else "" for column in range(len(table.columns))]
    head = "".join(f"<th{kind}>{html.escape(column)}</th>" for kind, column in zip(kinds, table.columns, strict=True))
    rows = []
    for row in table.rows:
        if len(row) != len(table.columns):
            raise ValueError(f"table {table.title!r}: expected {len(table.columns)} cells, found {len(row)}")
        cells = (f"<td{kind}>{_cell(value, table.digits)}</td>" for kind, value in zip(kinds, row, strict=True))
        rows.append("<tr>" + "".join(cells) + "</tr>")
    note = f"<p>{html.escape(table.note)}</p>" if table.note else ""
    return (
        f'<div class="card wide"><h3>{html.escape(table.title)}</h3>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{note}</div>"
    )


def charts_of_metrics(rows: Sequence[Mapping[str, object]]) -> list[Section]:
    """The curves of a run from the rows of its ``metrics.jsonl``, a section per stage in the order of the rows.

    Keys ``loss/<term>``, ``grad_norm/<player>``, ``update_norm/<player>``, ``d_acc/<player>`` and any other
    ``<group>/<name>`` make one chart per group; ``stage``, ``step`` and ``wall_s`` are read as what they are.
    """
    sections = []
    for stage in dict.fromkeys(str(row.get("stage", "")) for row in rows):
        of_stage = [row for row in rows if str(row.get("stage", "")) == stage]
        keys = dict.fromkeys(key for row in of_stage for key in row if "/" in key)
        charts = []
        for group in dict.fromkeys(key.split("/")[0] for key in keys):
            series = [_metric(of_stage, key) for key in keys if key.split("/")[0] == group]
            log = group == "loss" or group.endswith("_norm")
            charts.append(Chart(group, [one for one in series if len(one.x)], log_y=log))
        sections.append(Section(f"Training: {stage}" if stage else "Training", charts))
    return sections


def _metric(rows: Sequence[Mapping[str, object]], key: str) -> Series:
    found = [(row.get("step", index), row[key]) for index, row in enumerate(rows) if key in row]
    numbers = [(float(x), float(y)) for x, y in found if isinstance(x, int | float) and isinstance(y, int | float)]
    x, y = np.array(numbers).T if numbers else np.zeros((2, 0))
    return Series(key.split("/", 1)[1], x, y)


def _grid(cards: Sequence[str]) -> str:
    return f'<div class="grid">{"".join(cards)}</div>' if cards else ""


def _cell(value: Cell, digits: int) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return html.escape(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", "&#8239;")
    return f"{value:.{digits}f}" if math.isfinite(value) else "not finite"
