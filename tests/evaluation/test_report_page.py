"""report.html: tables, curves and skeletons as they were given, closed in itself."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from pn3d.evaluation.report_figures import Chart, PoseFigure, Series, chart_svg, pose_svg
from pn3d.evaluation.report_page import Section, Table, charts_of_metrics, report_html, table_html, write_report
from pn3d.geometry.skeleton import H36M17
from tests.support.export_samples import sample_motion


def parse(card: str) -> ElementTree.Element:
    return ElementTree.fromstring(card)


def curve_points(card: str) -> list[np.ndarray]:
    paths = [path.attrib["d"] for path in parse(card).iter("path")]
    return [np.array(re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path), float) for path in paths]


def test_a_curve_is_drawn_to_scale_and_gaps_stay_gaps():
    y = np.array([0.0, 1.0, np.nan, 4.0])
    card = chart_svg(Chart("loss", [Series("a <b>", np.arange(4), y)]))
    assert next(parse(card).iter("path")).attrib["d"].count("M") == 2
    (points,) = curve_points(card)
    assert len(points) == 3
    np.testing.assert_allclose((points[0, 1] - points[1, 1]) * 4, points[0, 1] - points[2, 1], atol=0.5)
    np.testing.assert_allclose((points[1, 0] - points[0, 0]) * 3, points[2, 0] - points[0, 0], atol=0.5)


def test_a_logarithmic_axis_makes_equal_factors_equal_steps_and_gives_way_to_zeros():
    curve = Series("loss", np.arange(3), np.array([1.0, 0.1, 0.01]))
    (points,) = curve_points(chart_svg(Chart("loss", [curve], log_y=True)))
    np.testing.assert_allclose(np.diff(points[:, 1])[0], np.diff(points[:, 1])[1], atol=0.2)
    zero = Series("zero", np.arange(3), np.zeros(3))
    assert len(curve_points(chart_svg(Chart("loss", [curve, zero], log_y=True)))) == 2
    assert "nothing was logged" in chart_svg(Chart("empty", []))


def test_long_curves_are_thinned_to_their_means():
    noise = np.tile([0.0, 2.0], 50_000)
    (points,) = curve_points(chart_svg(Chart("x", [Series("x", np.arange(100_000), noise)])))
    assert 200 < len(points) <= 400
    assert np.ptp(points[:, 1]) < 1


def test_metrics_become_a_section_per_stage_and_a_chart_per_group():
    rows = [
        {"stage": "teacher", "step": 0, "wall_s": 0.1, "loss/a": 1.0, "grad_norm/t": 2.0},
        {"stage": "teacher", "step": 10, "wall_s": 0.2, "loss/a": 0.5, "loss/b": 3.0, "d_acc/p": 0.5},
        {"stage": "student", "step": 0, "wall_s": 0.3, "loss/c": 1.0},
    ]
    teacher, student = charts_of_metrics(rows)
    assert [chart.title for chart in teacher.items] == ["loss", "grad_norm", "d_acc"]
    assert [chart.title for chart in student.items] == ["loss"]
    first, second = teacher.items[0].series
    assert (first.name, first.x.tolist(), first.y.tolist()) == ("a", [0, 10], [1.0, 0.5])
    assert (second.name, second.x.tolist()) == ("b", [10])


def test_skeletons_are_drawn_without_missing_joints():
    motion = sample_motion(frames=30)
    frame = 15
    assert np.isnan(motion.keypoints_px[frame, 3]).all()
    camera_m = motion.joints_world_m[frame] * [1, -1, -1]
    poses = {"truth": camera_m, "student": camera_m * [1, 1, -1], "teacher": camera_m}
    figure = PoseFigure("worst", "h36m17", poses, motion.keypoints_px[frame], motion.keypoints_px[frame])
    lines = list(parse(pose_svg(figure)).iter("line"))
    # 16 bones of three poses, and of the truth behind two of them, from the front and the side; in the image the right
    # ankle and its bone are missing, twice.
    assert len(lines) == 2 * (3 + 2) * 16 + 2 * 15
    values = np.array([[float(line.attrib[key]) for key in ("x1", "y1", "x2", "y2")] for line in lines])
    assert values.min() >= 0
    assert values[:, [0, 2]].max() <= 440
    assert values[:, [1, 3]].max() <= 220

    def cell(column: int, row: int, kind: str) -> np.ndarray:
        """The bones of one skeleton, in its own square."""
        inside = [
            value - np.tile([110 * column, 110 * row], 2)
            for value, line in zip(values, lines, strict=True)
            if 110 * column < value[0] < 110 * (column + 1)
            and 110 * row < value[1] < 110 * (row + 1)
            and ("behind" in line.attrib["class"]) == (kind == "behind")
        ]
        return np.array(inside)

    truth, head = cell(1, 0, ""), H36M17.bones.index((9, 10))
    assert truth[head, 3] < truth[0, 3], "up is up"
    np.testing.assert_allclose(cell(2, 0, ""), truth, atol=0.11)  # mirrored in depth, which the front does not show
    np.testing.assert_allclose(cell(2, 0, "behind"), truth, atol=0.11)
    np.testing.assert_allclose(cell(3, 1, ""), cell(1, 1, ""), atol=0.11)
    np.testing.assert_allclose(cell(2, 1, "behind"), cell(1, 1, ""), atol=0.11)
    assert np.abs(cell(2, 1, "") - cell(1, 1, "")).max() > 3


def test_the_page_holds_everything_and_asks_for_nothing(tmp_path):
    table = Table(
        "cmu", ("action", "n", "PA <mm>"), [("Walk & turn", 12345, 41.26), ("mean", 1, None)], note="17 joints"
    )
    chart = Chart("loss", [Series("a", np.arange(3), np.arange(3.0))])
    path = write_report(tmp_path / "report.html", "run <1>", "seed 0", [Section("Results", [table, chart], "note")])
    page = path.read_text()
    for text in ("run &lt;1&gt;", "PA &lt;mm&gt;", "Walk &amp; turn", "41.3", "12&#8239;345", "17 joints", 'id="s0"'):
        assert text in page
    assert not re.search(r"<script|(?:src|href)\s*=\s*[\"'](?!data:|#)|url\(|https?://", page)
    assert report_html("empty", "", []).startswith("<!DOCTYPE html>")


def test_tables_and_series_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="expected 2 cells, found 1"):
        table_html(Table("t", ("a", "b"), [("x",)]))
    with pytest.raises(ValueError, match="one length"):
        chart_svg(Chart("c", [Series("s", np.arange(3), np.arange(2))]))
