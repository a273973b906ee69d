"""The study's results as one Markdown table: means over seeds, and what each row is worth against ``base``."""

from typing import Any

import numpy as np

_COLUMNS = {
    "builtin": "built-in",
    "below": "built-in from 20° below",
    "builtin_student": "built-in, student",
    "dev_gt": "cmu_dev, exact 2D",
    "dev_gt_student": "cmu_dev, exact 2D, student",
    "dev_det": "cmu_dev, detected 2D",
    "dev_det_student": "cmu_dev, detected 2D, student",
}


def markdown(records: list[dict[str, Any]]) -> str:
    """A table of all rows in the order they were first run; columns that no row has are left out."""
    columns = [name for name in _COLUMNS if any(name in record for record in records)]
    signal = any("signal" in record for record in records)
    head = ["row", "changes", "seeds", *(f"{_COLUMNS[name]}: PA / N mm (flipped)" for name in columns)]
    lines = [head + (["2D signal"] if signal else [])]
    base = _pick(records, "base")
    for name in dict.fromkeys(record["row"] for record in records):
        own = _pick(records, name)
        cells = [name, _changes(own[0]), str(len(own))]
        cells += [_score(own, base, column) for column in columns]
        if signal:
            values = [record["signal"] for record in own if "signal" in record]
            cells.append(f"{np.mean(values):.3f}" if values else "–")
        lines.append(cells)
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _pick(records: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [record for record in records if record["row"] == name]


def _changes(record: dict[str, Any]) -> str:
    parts = [f"`{name}={value}`" for name, value in record["overrides"].items()]
    if record["data"] != "files" or (not parts and record["row"] != "base"):
        parts.append(f"{record['data']}, {record['frames']} frames")
    return ", ".join(parts) or "–"


def _score(own: list[dict[str, Any]], base: list[dict[str, Any]], column: str) -> str:
    scores = [record[column] for record in own if column in record]
    if not scores:
        return "diverged" if all("diverged" in record for record in own) else "–"
    shown = ("pa_mpjpe_mm", "n_mpjpe_mm", "depth_flipped_frac")
    mean = {key: float(np.mean([score[key] for score in scores])) for key in shown}
    text = f"{mean['pa_mpjpe_mm']:.1f}"
    if len(scores) > 1:
        spread = np.ptp([score["pa_mpjpe_mm"] for score in scores])
        text += f" ± {spread / 2:.1f}"
    reference = [record[column]["pa_mpjpe_mm"] for record in base if column in record]
    if reference and own is not base and own[0]["row"] != "base":
        text += f" ({mean['pa_mpjpe_mm'] - float(np.mean(reference)):+.1f})"
    return f"{text} / {mean['n_mpjpe_mm']:.1f} ({100 * mean['depth_flipped_frac']:.1f} %)"
