"""report.html of runs and evaluations: which frames are drawn, what is said, and the page in a browser."""

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d import config as configs
from pn3d.data.clips import Clips
from pn3d.evaluation import run_report
from pn3d.evaluation.cross_view import CONVENTION, cross_view
from pn3d.evaluation.eval_json import describe_data
from pn3d.evaluation.evaluate import evaluate_prediction
from pn3d.evaluation.protocol_run import run_protocols
from pn3d.evaluation.report import METRICS
from pn3d.evaluation.report_figures import PoseFigure
from pn3d.evaluation.run_report import Pictured, choose_frames, frame_section
from pn3d.training.run_folder import read_rows
from tests.support.evaluation_cases import make_clips, perfect_prediction, small_body
from tools.headless_browser import Browser, find_chromium

LENGTHS = (8, 8, 5)


@pytest.fixture(scope="module")
def clips() -> Clips:
    return make_clips(LENGTHS)


def test_frames_are_chosen_by_error_one_for_each_scene(clips: Clips) -> None:
    frames = np.array([0, 1, 2, 8, 9, 16, 17, 18])  # scene walk/a from two cameras, scene box/b
    error_mm = np.array([5.0, 50, 7, 60, 8, 9, 40, 10])
    worst, typical = choose_frames(error_mm, frames, clips, 6)
    assert worst == [3, 6], "frame 8 of the second camera is the worst of its scene, frame 17 of the other"
    median = np.median(error_mm)
    for place, others in zip(sorted(typical), ([0, 1, 2, 3, 4], [5, 6, 7]), strict=True):
        assert place in others
        assert abs(error_mm[place] - median) == np.abs(error_mm[others] - median).min()
    assert choose_frames(error_mm, frames, clips, 1)[0] == [3]
    equal, _ = choose_frames(np.ones(8), frames, clips, 2)
    assert sorted(equal) == [0, 5], "of equal errors the first frame"


def test_pictures_show_the_prediction_on_the_truth_at_its_scale(clips: Clips) -> None:
    joints = clips.joints_cam.copy()
    joints[10, 5:] += 0.5
    section = frame_section(Pictured(clips, {"student": 3 * joints, "teacher": clips.joints_cam}))
    figures = [item for item in section.items if isinstance(item, PoseFigure)]
    assert section.title == "Frames of student"
    assert re.fullmatch(r"worst: walk/a/cam1, frame 2, \d+ mm", figures[0].title)
    assert {figure.title.split(":")[0] for figure in figures} == {"worst", "typical"}
    exact = next(figure for figure in figures if figure.title.startswith("worst: box"))
    assert list(exact.poses_m) == ["truth", "student", "teacher"]
    np.testing.assert_allclose(exact.poses_m["student"], exact.poses_m["truth"], atol=1e-5)
    np.testing.assert_array_equal(exact.poses_m["truth"][0], 0)


def test_joints_that_a_method_has_not_are_not_drawn(clips: Clips) -> None:
    joints = clips.joints_cam.copy()
    joints[:, 7] = np.nan
    figure = frame_section(Pictured(clips, {"prediction": joints})).items[0]
    assert isinstance(figure, PoseFigure)
    assert np.flatnonzero(np.isnan(figure.poses_m["prediction"]).any(axis=1)).tolist() == [7]
    np.testing.assert_allclose(np.delete(figure.poses_m["prediction"] - figure.poses_m["truth"], 7, 0), 0, atol=1e-5)


def write_run(folder: Path, clips: Clips) -> dict[str, Any]:
    """The files of a finished run: its numbers, its curves (the last line was cut off), its status."""
    scores = evaluate_prediction(perfect_prediction(clips), clips, body=small_body())
    scores["student"]["pa_mpjpe_mm"] = 43.21
    stages = {
        "teacher": {"teacher": scores["teacher"]},
        "student": {"student": scores["student"] | {"pa_mpjpe_mm": 44.0}},
        "joint": {"teacher": scores["teacher"], "student": scores["student"]},
    }
    config = configs.to_json(configs.preset("tiny"))
    result = scores | {"version": 1, "stages": stages, "data": describe_data(clips, "held.npz"), "config": config}
    (folder / "eval.json").write_text(json.dumps(result))
    status = {"command": "pn3d train --preset <tiny>", "seconds_per_stage": {"teacher": 12.0}, "peak_rss_mb": 900}
    (folder / "status.json").write_text(json.dumps(status))
    rows = [
        {"stage": stage, "step": step, "wall_s": 0.1, "loss/a": 1 / step, "grad_norm/teacher": 2.0, "d_acc/pose": 0.5}
        for stage in ("teacher", "student")
        for step in range(2, 20, 2)
    ]
    (folder / "metrics.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + '\n{"stage": "stu')
    return result


def test_a_run_folder_gets_its_page(clips: Clips, tmp_path: Path) -> None:
    write_run(tmp_path, clips)
    pictured = run_report.pictured_prediction(make_prediction(clips), clips)
    page = run_report.write_training_report(tmp_path, pictured).read_text()
    assert (tmp_path / "report.html").read_text() == page
    for text in (
        *("student after stage 3 (joint)", "43.2", "joint stage: student PA-MPJPE 44.0 -&gt; 43.2 mm (better, -0.8)"),
        *("Training: teacher", "Training: student", "grad_norm", "worst: ", "typical: ", "held.npz: 21 frames"),
        *("pn3d train --preset &lt;tiny&gt;", "900 MB", "teacher.loss.hinge_weight", "walk"),
        METRICS["pa_mpjpe_mm"].convention,
    ):
        assert text in page, text
    assert not re.search(r"<script|(?:src|href)\s*=\s*[\"'](?!data:|#)|url\(|https?://", page)
    assert len(read_rows(tmp_path / "metrics.jsonl")) == 18
    assert read_rows(tmp_path / "none.jsonl") == []


def make_prediction(clips: Clips) -> Any:
    prediction = perfect_prediction(clips)
    prediction.reprojected_px = clips.keypoints + 3
    return prediction


def evaluation(clips: Clips) -> dict[str, Any]:
    """A document with everything that an evaluation can be asked for."""
    prediction = perfect_prediction(clips)
    scores = evaluate_prediction(prediction, clips, body=small_body())
    results, _ = run_protocols(["h36m-14", "3dhp"], prediction.joints_cam_m, clips, metric_scale=True)
    views = cross_view(prediction.joints_cam_m, clips)
    return scores | {
        "run": "runs/a<b>",
        "data": describe_data(clips, "folder/held.npz"),
        "protocols": {"student": {result.name: result.to_json() for result in results}},
        "cross_view": {"student": views.to_json()},
    }


def test_an_evaluation_says_every_number_with_its_convention(clips: Clips, tmp_path: Path) -> None:
    result = evaluation(clips)
    pictured = run_report.pictured_prediction(make_prediction(clips), clips)
    path = run_report.write_evaluation_report(tmp_path / "e.html", [result, result], [pictured, None])
    assert "a&lt;b&gt; on held.npz" in path.read_text()
    page = html.unescape(path.read_text())
    assert page.count("Frames of student</h2>") == 1
    for protocol in result["protocols"]["student"].values():
        assert protocol["title"] in page
        for number in protocol["numbers"].values():
            assert number["convention"] in page
        for reason in protocol.get("left_out", {}).values():
            assert reason in page
    assert CONVENTION in page
    assert "walk/a</td>" in page


def test_the_page_opens_without_an_error_and_asks_for_nothing(clips: Clips, tmp_path: Path) -> None:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium was found (Debian: apt-get install chromium)")
    write_run(tmp_path, clips)
    page = run_report.write_training_report(tmp_path, run_report.pictured_prediction(make_prediction(clips), clips))
    with Browser(executable) as browser:
        browser.open(page)
        drawn = browser.evaluate("[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().height)")
        assert len(drawn) == 6 + 2 * 2, "three groups of curves for two stages, two scenes twice"
        assert min(drawn) > 60
        inside = (
            "[...document.querySelectorAll('svg line, svg path, svg text')].filter(e => {"
            " const b = e.getBoundingClientRect(), s = e.closest('svg').getBoundingClientRect();"
            " return b.left < s.left - 2 || b.right > s.right + 2 || b.top < s.top - 2 || b.bottom > s.bottom + 2;"
            "}).length"
        )
        assert browser.evaluate(inside) == 0, "nothing is drawn outside of its picture"
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.evaluate("document.querySelector('nav a:last-child').click()")
        assert browser.evaluate("scrollY > 100")
        assert len(browser.screenshot()) > 20_000
        assert browser.errors == []
        assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []
