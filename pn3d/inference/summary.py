"""A prediction in plain numbers and in lines for the terminal."""

from typing import TYPE_CHECKING, Any

import numpy as np

from pn3d.body.stature import stature_m
from pn3d.export.joint_angles import UNDETERMINED
from pn3d.inference.warnings import warning_numbers, warning_sentences

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction


def summarise(prediction: "Prediction") -> dict[str, Any]:
    """What a prediction says of itself, without truth: the numbers of ``summary.json``."""
    measured = prediction.input_confidence > 0
    counted = measured | joints_of_the_layout(prediction)
    summary: dict[str, Any] = {
        "frames": len(prediction.keypoints_px),
        **_place_in_video(prediction),
        "missing_joints_pct": round(100.0 * float((~measured[counted]).mean()), 1) if counted.any() else 100.0,
        "elevation_deg": round(float(np.degrees(prediction.elevation_rad.mean())), 1),
        "intrinsics": prediction.intrinsics_source,
    }
    if prediction.reprojected_px is not None and measured.any():
        distance = np.linalg.norm(prediction.reprojected_px - prediction.keypoints_px, axis=-1)
        height_px = float(np.median(np.ptp(prediction.reprojected_px[..., 1], axis=1)))
        summary["reprojection_px"] = round(float(distance[measured].mean()), 2)
        summary["reprojection_pct_of_height"] = round(100.0 * float(distance[measured].mean()) / max(height_px, 1.0), 2)
    summary |= warning_numbers(prediction)
    if prediction.betas is not None and prediction.body is not None:
        summary["height_m"] = [round(float(tall), 3) for tall in stature_m(prediction.body, prediction.betas)]
        summary["height_source"] = prediction.height_source
        summary["undetermined_joints"] = _undetermined_joints(prediction)
    return summary


def joints_of_the_layout(prediction: "Prediction") -> np.ndarray:
    """(N, 17) bool: joints that the input's layout has, seen or not; others are neither missing nor unsure."""
    if prediction.has_joint is None:
        return np.ones_like(prediction.input_confidence, bool)
    return np.repeat(prediction.has_joint, np.diff(prediction.clip_start), axis=0)


def _place_in_video(prediction: "Prediction") -> dict[str, Any]:
    """Which frame of the input a clip starts at, when that is, and how many frames were filled in; a list of several
    clips."""
    if prediction.first_frame is None or prediction.time_s is None or prediction.filled is None:
        return {}
    first = [int(number) for number in prediction.first_frame]
    start_s = [round(float(prediction.time_s[begin]), 3) for begin in prediction.clip_start[:-1]]
    one = len(first) == 1
    return {
        "first_frame": first[0] if one else first,
        "start_s": start_s[0] if one else start_s,
        "frames_filled": int(prediction.filled.sum()),
    }


def _undetermined_joints(prediction: "Prediction") -> list[str]:
    """Joints of the body whose angles no keypoint determined in any frame; their columns of angles.csv are empty."""
    measured = prediction.ankles_measured
    known = np.zeros(2, bool) if measured is None else np.any(measured, axis=0)
    return [
        *UNDETERMINED,
        *(f"{side}_ankle" for side, ankle in zip(("left", "right"), known, strict=True) if not ankle),
    ]


def summary_text(name: str, summary: dict[str, Any]) -> str:
    """The summary as lines; warnings only where there is something to warn of."""
    begins = ""
    if summary.get("first_frame", 0) != 0 and not isinstance(summary["first_frame"], list):
        begins = f" from frame {summary['first_frame']} on ({summary['start_s']:.2f} s)"
    lines = [f"{name}: {summary['frames']} frames{begins}, {summary['missing_joints_pct']} % of the joints missing"]
    if "reprojection_px" in summary:
        lines.append(
            f"  reprojection error {summary['reprojection_px']} px, "
            f"{summary['reprojection_pct_of_height']} % of the person's height"
        )
    if "expected_error_mm" in summary:
        lines.append(f"  expected error about {summary['expected_error_mm']:.0f} mm (PA-MPJPE, a rough guess)")
    if summary.get("height_source") == "shape":
        lines.append("  assumed: an adult of average height, so all distances are as uncertain as that (--height-m)")
    if missing := [name for name in summary.get("undetermined_joints", []) if name.endswith("_ankle")]:
        lines.append(f"  no heels and toes: {' and '.join(missing)} not determined, as toes and wrists never are")
    lines += [f"  warning: {sentence}" for sentence in warning_sentences(summary)]
    look = summary["worth_a_look"]
    if look:
        places = ", ".join(f"{place['from_s']:g}-{place['to_s']:g} s ({place['why']})" for place in look[:6])
        lines.append(f"  worth a look: {places}" + (f" and {len(look) - 6} more" if len(look) > 6 else ""))
    return "\n".join(lines)
