"""``pn3d convert-body``: an SMPL model file -> a plain npz that is read fast and without any pickle."""

import argparse

from pn3d.body.regressors import fit_landmarks, read_regressor
from pn3d.body.smpl_file import convert_body, load_body
from pn3d.files.folders import require_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d convert-body``."""
    parser.add_argument("input", metavar="IN.pkl")
    parser.add_argument("output", metavar="OUT.npz")
    parser.add_argument(
        "--regressor", metavar="FILE.npy", help="J_regressor_h36m.npy: the 17 joints follow it on this body"
    )


def run(arguments: argparse.Namespace) -> int:
    """Converts, and returns the exit status."""
    require_writable([arguments.output])
    landmarks = None
    if arguments.regressor:
        body = load_body(arguments.input)
        regressor = read_regressor(arguments.regressor, body)
        landmarks, left_m = fit_landmarks(body, regressor)
        rms_mm = 1000 * float(left_m.mean())
        print(f"{arguments.regressor}: rows are {regressor.row_order}; rms of what landmarks leave {rms_mm:.1f} mm")
    arrays = convert_body(arguments.input, arguments.output, landmarks)
    print(f"{arguments.output}: {arrays.name}, SHA-256 of the source {arrays.sha256}")
    return 0
