"""Printed tables and the eval JSON: every number stands beside its convention."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pn3d.evaluation.cross_view import CONVENTION, CrossView
from pn3d.evaluation.evaluate import Scores
from pn3d.evaluation.protocol_run import ProtocolResult
from pn3d.evaluation.protocols import PROTOCOLS
from pn3d.files.tables import read_table


class Metric(NamedTuple):
    """How a key of M is printed: head of a column, name of a row, decimals, factor, and its convention."""

    head: str
    name: str
    decimals: int
    factor: float
    convention: str


METRICS: dict[str, Metric] = {
    row["key"]: Metric(row["head"], row["name"], int(row["decimals"]), float(row["factor"]), row["convention"])
    for row in read_table(__file__, "metrics.csv")
}

_SHORT = (
    *("pa_mpjpe_mm", "n_mpjpe_mm", "mpjpe_mm", "depth_flipped_frac", "accel_err_mm_per_frame2", "bone_std_pct"),
    *("joint_angle_err_deg", "pa_pve_mm", "limit_violation_frac"),
)
"""The columns of tables with one row per prediction."""


def align(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows of cells as lines of aligned columns: the first ``left`` flush left, the others flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def show(key: str, scores: Mapping[str, Any]) -> str:
    """The number of that key as it is printed; "-" where it does not apply."""
    if key not in scores:
        return "-"
    metric = METRICS[key]
    return f"{metric.factor * scores[key]:.{metric.decimals}f}"


def evaluation_table(scores: Mapping[str, Scores], data: Mapping[str, Any] | None = None) -> str:
    """One evaluation: a row for each metric with its convention, a column for each prediction, then actions.

    Args:
        scores: label (flat, teacher, student, mean pose, ...) -> M.
        data: what ``describe_data`` returned; its frames and rate go into the first line.
    """
    labels = list(scores)
    keys = [key for key in METRICS if any(key in of for of in scores.values())]
    head = "; ".join(joints_words(scores))
    if data is not None:
        rate = "/".join(f"{fps:g}" for fps in data["fps"])
        head = f"{data['file']}: {data['frames']:,} frames in {data['clips']} clips at {rate} fps; {head}"
        if "scored_frames" in data:
            head += f"; {data['scored_frames']:,} frames are scored"
    widest = max((len(METRICS[key].name) for key in keys), default=0)
    numbers = align(
        [["", *labels], *([METRICS[key].name.ljust(widest), *(show(key, scores[x]) for x in labels)] for key in keys)]
    )
    first, *lines = numbers.splitlines()
    width = max(len(line) for line in numbers.splitlines())
    table = [
        first,
        *(f"{line.ljust(width)}   {_convention(key, scores)}" for key, line in zip(keys, lines, strict=True)),
    ]
    return "\n".join([head, *table, *_action_lines(scores)])


def joints_words(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which joints the predictions were compared on, and in how many frames these are known: one sentence for each set.

    Args:
        scores: label -> M.
    """
    labels: dict[str, list[str]] = {}
    for label, of in scores.items():
        text = "17 joints of h36m17"
        if "joints" in of:
            text = f"{len(of['joints'])} joints ({', '.join(of['joints'])}), root: {of['root']}"
            text += f", {of['counted_frames']:,} frames counted"
        if "pa_mpjpe_mm" in of:  # the mean pose has no joints
            labels.setdefault(text, []).append(label)
    if len(labels) < 2:
        return list(labels) or ["17 joints of h36m17"]
    return [f"{', '.join(of)}: {text}" for text, of in labels.items()]


def _convention(key: str, scores: Mapping[str, Scores]) -> str:
    text = METRICS[key].convention
    frames = {of["pa_pve_frames"] for of in scores.values() if "pa_pve_frames" in of}
    return f"{text}, on {max(frames):,} frames evenly spread" if key == "pa_pve_mm" and frames else text


def _action_lines(scores: Mapping[str, Scores]) -> list[str]:
    """PA-MPJPE by action, where there is more than one."""
    labels = [label for label in scores if "per_action" in scores[label]]
    actions = sorted({action for label in labels for action in scores[label]["per_action"]})
    if len(actions) < 2:
        return []
    rows = [["PA-MPJPE mm by action", *labels]]
    for action in actions:
        per_action = [scores[label]["per_action"].get(action) for label in labels]
        rows.append([f"  {action}", *("-" if value is None else f"{value:.1f}" for value in per_action)])
    return ["", *align(rows).splitlines()]


def training_table(flat: Scores, stages: Mapping[str, Mapping[str, Scores]], mean_pose: Scores | None = None) -> str:
    """The table at the end of a training run, and whether the joint stage improved each (as the paper claims).

    Args:
        flat: M of the skeleton without depth.
        stages: {"teacher": {"teacher": M}, "student": {"student": M}, "joint": {"teacher": M, "student": M}};
            stages that were not run are absent.
        mean_pose: what ``mean_pose_baseline`` returned, where there is SMPL truth.
    """
    rows = training_rows(flat, stages, mean_pose)
    lines = [rows_table(rows), conventions([key for key in _SHORT if any(key in of for of in rows.values())])]
    return "\n".join(lines + [f"joint stage: {verdict}" for verdict in joint_verdicts(stages)])


def training_rows(
    flat: Scores, stages: Mapping[str, Mapping[str, Scores]], mean_pose: Scores | None = None
) -> dict[str, Scores]:
    """What a run is told by, in the order of training: name of the row -> M. Arguments as ``training_table``."""
    rows = {"flat skeleton": flat}
    if mean_pose:
        rows["mean pose of the truth"] = mean_pose
    for number, stage in enumerate(("teacher", "student", "joint"), start=1):
        for player, scores in stages.get(stage, {}).items():
            rows[f"{player} after stage {number} ({stage})"] = scores
    return rows


def joint_verdicts(stages: Mapping[str, Mapping[str, Scores]]) -> list[str]:
    """For teacher and student: PA-MPJPE before and after the joint stage, in words; empty where a stage is missing."""
    verdicts = []
    for player in ("teacher", "student"):
        before, after = stages.get(player, {}).get(player), stages.get("joint", {}).get(player)
        if before is None or after is None:
            continue
        a, b = before["pa_mpjpe_mm"], after["pa_mpjpe_mm"]
        word = "better" if b < a else "not better"
        verdicts.append(f"{player} PA-MPJPE {a:.1f} -> {b:.1f} mm ({word}, {b - a:+.1f})")
    return verdicts


def rows_table(rows: Mapping[str, Mapping[str, Any]], columns: Sequence[str] = _SHORT) -> str:
    """A row for each prediction, a column for each metric that any of them has."""
    keys = [key for key in columns if any(key in of for of in rows.values())]
    header = ["", *(METRICS[key].head for key in keys)]
    return align([header, *([label, *(show(key, of) for key in keys)] for label, of in rows.items())])


def conventions(keys: Sequence[str]) -> str:
    """The conventions of these columns, one a line."""
    return align(
        [[f"  {METRICS[key].head}", f"{METRICS[key].name}: {METRICS[key].convention}"] for key in keys], left=2
    )


def runs_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Several runs and files: a row for each prediction of each pair. ``results`` as in ``results_json``."""
    labelled: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for result in results:
        for label in ("flat", "teacher", "student", "prediction"):
            if label in result:
                run = "-" if label == "flat" else str(result["run"])
                labelled[run, str(result["data"]["file"]), label] = result[label]
    keys = [key for key in _SHORT if any(key in of for of in labelled.values())]
    rows = [["run", "data", "", *(METRICS[key].head for key in keys)]]
    rows += [[*label, *(show(key, of) for key in keys)] for label, of in labelled.items()]
    return "\n".join([align(rows, left=3), conventions(keys)])


def batch_table(results: Sequence[Mapping[str, Any]]) -> str:
    """One table of several runs and files, whatever was asked of them. ``results`` as in ``results_json``."""
    if any("protocols" in result for result in results):
        return protocols_table(results)
    if any("cross_view" in result for result in results):
        rows = [["run", "data", "", "PA distance between views, mm"]]
        for result in results:
            for label, view in result["cross_view"].items():
                rows.append([str(result["run"]), str(result["data"]["file"]), label, f"{view['cross_view_pa_mm']:.1f}"])
        return f"{align(rows, left=3)}\n{CONVENTION}"
    return runs_table(results)


def protocols_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Several runs and files under protocols: a row for each prediction, a column for each number, then conventions."""
    columns: dict[tuple[str, str], str] = {}
    cells: dict[tuple[str, str, str], dict[tuple[str, str], str]] = {}
    for result in results:
        for label, protocols in result.get("protocols", {}).items():
            row = cells.setdefault((str(result["run"]), str(result["data"]["file"]), label), {})
            for name, protocol in protocols.items():
                for key, number in protocol["numbers"].items():
                    columns.setdefault((name, key), f"{number['unit']}; {number['convention']}; {_over(number)}")
                    row[name, key] = f"{number['value']:.1f}"
    rows = [["run", "data", "", *(f"({index})" for index, _ in enumerate(columns, start=1))]]
    rows += [[*label, *(row.get(column, "-") for column in columns)] for label, row in cells.items()]
    notes = [[f"  ({i})", f"{name} {key}", what] for i, ((name, key), what) in enumerate(columns.items(), start=1)]
    return "\n".join([align(rows, left=3), align(notes, left=3)] if columns else [align(rows, left=3)])


def _over(number: Mapping[str, Any]) -> str:
    return "mean over actions" if number["average"] == "actions" else "mean over frames"


def protocol_table(label: str, results: Sequence[ProtocolResult], skipped: Mapping[str, str] | None = None) -> str:
    """Protocols of one prediction: each number with its convention, and actions where they are averaged over."""
    lines = []
    for result in results:
        lines.append(f"{result.name}: {PROTOCOLS[result.name].title}; {label}")
        rows = []
        for value in result.values:
            over = (
                f"mean over {len(value.per_action)} actions"
                if value.number.average == "actions"
                else "mean over frames"
            )
            how = f"{value.number.convention}; {over}, {value.frames:,} frames"
            rows.append([f"  {value.number.key}", f"{value.value:.1f}", value.number.unit, how])
            if len(value.per_action) > 1:
                by = ", ".join(f"{action} {number:.1f}" for action, number in value.per_action.items())
                rows.append(["", "", "", f"by {value.number.by}: {by}"])
        lines += [f"{a}  {b}  {c}  {d}" for a, b, c, d in _padded(rows)]
        lines += [f"  {key} left out: {why}" for key, why in result.left_out.items()]
    return "\n".join(lines + [f"{name}: skipped: {why}" for name, why in (skipped or {}).items()])


def _padded(rows: list[list[str]]) -> list[list[str]]:
    """Name, value and unit padded to their columns; the value flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [[row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2]), row[3]] for row in rows]


def cross_view_table(results: Mapping[str, CrossView]) -> str:
    """Consistency between cameras: label -> result, scenes as rows."""
    labels = list(results)
    scenes = sorted({scene for result in results.values() for scene in result.per_scene})
    rows = [["PA distance between views, mm", *labels], ["all", *(f"{results[x].pa_mm:.1f}" for x in labels)]]
    for scene in scenes:
        rows.append([f"  {scene}", *(f"{results[x].per_scene[scene]:.1f}" for x in labels)])
    first = next(iter(results.values()))
    note = f"{first.pairs} pairs of clips, {first.frames:,} frames; {CONVENTION}"
    left = [f"left out (views differ in length or rate): {', '.join(first.left_out)}"] if first.left_out else []
    return "\n".join([align(rows), note, *left])
