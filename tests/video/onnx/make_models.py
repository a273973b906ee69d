"""Makes the two small ONNX files beside it: inputs and outputs as RTMDet's and RTMPose's (Halpe-26), no weights.

    python tests/video/onnx/make_models.py        (needs the package onnx, in an environment without mediapipe)

The detector answers one box, the whole input, at a score of 0.9 where the picture is brighter than middle grey on
average, and 0 elsewhere. The pose model puts joint j at (6 j + 12, 8 j + 16) of its 192 x 256 input, at a score of 0.8.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

JOINTS = 26


def constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    """An array of the graph."""
    return numpy_helper.from_array(values, name)


def save(path: Path, nodes: list, inputs: dict, outputs: dict, constants: list) -> None:
    """Writes one model."""
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph(
        nodes,
        path.stem,
        [value(*item) for item in inputs.items()],
        [value(*item) for item in outputs.items()],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    """Both models."""
    here = Path(__file__).resolve().parent
    box = np.array([[[0, 0, 160, 160, 0]]], np.float32)
    unit = np.array([[[0, 0, 0, 0, 0.9]]], np.float32)
    save(
        here / "detector.onnx",
        [
            helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Greater", ["mean", "grey"], ["bright"]),
            helper.make_node("Cast", ["bright"], ["one"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["unit", "one"], ["score"]),
            helper.make_node("Add", ["box", "score"], ["dets"]),
        ],
        {"input": [1, 3, 160, 160]},
        {"dets": [1, 1, 5]},
        [constant("grey", np.array(127.5, np.float32)), constant("unit", unit), constant("box", box)],
    )
    across, down = np.zeros((1, JOINTS, 384), np.float32), np.zeros((1, JOINTS, 512), np.float32)
    for joint in range(JOINTS):
        across[0, joint, 2 * (6 * joint + 12)] = down[0, joint, 2 * (8 * joint + 16)] = 0.8
    save(
        here / "pose.onnx",
        [
            helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
            helper.make_node("Add", ["across", "nothing"], ["simcc_x"]),
            helper.make_node("Add", ["down", "nothing"], ["simcc_y"]),
        ],
        {"input": [1, 3, 256, 192]},
        {"simcc_x": [1, JOINTS, 384], "simcc_y": [1, JOINTS, 512]},
        [constant("zero", np.array(0, np.float32)), constant("across", across), constant("down", down)],
    )


if __name__ == "__main__":
    main()
