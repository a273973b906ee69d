"""result.html: what the page carries, and what a real browser makes of it."""

import base64
import dataclasses
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.viewer import fill_template, viewer_html, write_viewer
from pn3d.geometry.kinematics import posed_joints, skinned_vertices
from pn3d.geometry.runs import runs
from pn3d.geometry.skeleton import H36M17
from tests.support.export_samples import sample_motion
from tools.headless_browser import Browser, find_chromium

KINDS = {"f32": "<f4", "i16": "<i2", "u8": "u1", "i8": "i1", "u16": "<u2", "u32": "<u4"}


def page_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


def page_data(page: str) -> dict:
    """The data of a page's first person."""
    return page_of(page)["people"][0]


def decode(packed: dict) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(packed["data"]), KINDS[packed["type"]])
    if "scale" not in packed:
        return values
    return np.where(values == -32768, np.nan, packed["offset"] + packed["scale"] * values.astype(np.float64))


def test_the_page_carries_the_motion_within_its_rounding():
    motion = sample_motion(frames=30)
    data = page_data(viewer_html(motion))
    arrays = {name: decode(packed) for name, packed in data["arrays"].items()}
    matrices = Rotation.from_quat(arrays["rotations"].reshape(30, 24, 4), scalar_first=True).as_matrix()
    assert np.abs(matrices - Rotation.from_rotvec(motion.poses_world).as_matrix()).max() < 2e-4
    pelvis = arrays["pelvis"].reshape(30, 3)
    np.testing.assert_allclose(pelvis, motion.body_joints_world_m()[:, 0], atol=1e-5)
    for name, expected in (("student", motion.joints_world_m), ("teacher", motion.teacher_joints_world_m)):
        assert np.abs(arrays[name].reshape(30, 17, 3) + pelvis[:, None] - expected).max() < 1e-4
    assert np.nanmax(np.abs(arrays["keypoints"].reshape(30, 17, 2) - motion.keypoints_px)) < 0.02
    np.testing.assert_array_equal(np.isnan(arrays["keypoints"].reshape(30, 17, 2)), np.isnan(motion.keypoints_px))
    np.testing.assert_allclose(arrays["error_px"], motion.reprojection_error_px(), rtol=1e-6)
    assert data["title"] == "sample <walk>"
    assert data["flags"][0]["spans"][:2] == [[0, 3], [17, 20]]


def test_the_page_is_closed_in_itself_and_survives_hostile_names():
    name = '</script><script>alert(1)</script> @SCRIPT@ "quoted" & é'
    page = viewer_html(dataclasses.replace(sample_motion(frames=2), name=name))
    assert page_data(page)["title"] == name
    assert page.count("<script") == 2
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!data:)|url\(|https?://|import\(|fetch\(", page)
    assert "default-src 'none'" in page


def test_long_motions_are_thinned_and_the_page_says_so():
    data = page_data(viewer_html(sample_motion(frames=100), max_frames=30))
    assert (data["frames"], data["stride"], data["fps"]) == (25, 4, 25 / 4)
    assert "every 4. frame of 100" in data["subtitle"]
    assert len(decode(data["arrays"]["rotations"])) == 25 * 24 * 4


def test_a_ten_second_clip_with_a_large_mesh_stays_small(tmp_path):
    motion = sample_motion(frames=600, fps=60.0, sides=100)
    assert len(motion.mesh.vertices_m) == 6900
    assert write_viewer(tmp_path / "result.html", motion).stat().st_size < 8e6 / 4


def test_runs_and_templates():
    assert runs(np.array([True, True, False, True])) == [[0, 2], [3, 4]]
    assert runs(np.zeros(3, bool)) == []
    assert fill_template("a@X@b@Y@c", {"X": "@Y@", "Y": "2"}) == "a@Y@b2c"
    with pytest.raises(ValueError, match="@Z@"):
        fill_template("a", {"Z": "1"})


@pytest.fixture(scope="module")
def browser():
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium was found (Debian: apt-get install chromium)")
    with Browser(executable) as running:
        yield running


@pytest.fixture
def page(browser, tmp_path):
    contact = np.zeros((50, 4), np.float32)
    contact[10:20, 0], contact[15:30, 3] = 0.9, 0.7  # a left heel, a right toe
    motion = replace(sample_motion(frames=50), foot_contact=contact)
    browser.errors.clear()
    browser.requests.clear()
    browser.open(write_viewer(tmp_path / "result.html", motion))
    browser.wait("window.pn3dViewer && pn3dViewer.drawn > 0")
    yield browser, motion
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []


def test_it_loads_and_poses_the_body_as_we_do(page):
    browser, motion = page
    assert browser.evaluate("document.getElementById('no-scene').hidden")
    browser.evaluate("pn3dViewer.seek(33)")
    browser.wait("!pn3dViewer.dirty")
    joints, rotations = posed_joints(motion.rest_joints_m, motion.parents, motion.poses_world, motion.transl_world_m)
    expected = skinned_vertices(
        motion.mesh.vertices_m, motion.mesh.skin_weights, motion.rest_joints_m, joints[33:34], rotations[33:34]
    )[0]
    posed = np.array(browser.evaluate("Array.from(pn3dViewer.scene.skin.posed)")).reshape(-1, 6)
    shift_mm = 1000 * np.linalg.norm(posed[:, :3] - expected, axis=1)
    assert shift_mm.max() < 5, "four weights per vertex and 16-bit rounding"
    assert shift_mm.mean() < 0.5
    assert np.linalg.norm(posed[:, 3:], axis=1).min() > 0.3


def test_feet_that_stand_are_marked_on_the_floor(page):
    browser, motion = page
    for frame, feet in ((5, ""), (12, "left"), (17, "left right"), (25, "right")):
        browser.evaluate(f"pn3dViewer.seek({frame})")
        at = f"{{first: {frame}, second: {frame}, mix: 0}}"
        found = browser.evaluate(f"pn3dViewer.standing({at}, pelvisAt(pn3dViewer.motion, {at}))")
        ankles = [motion.joint_layout.index(f"{side}_ankle") for side in feet.split()]
        expected = motion.joints_world_m[frame, ankles] * [1, 0, 1] + [0, motion.ground_height_m, 0]
        np.testing.assert_allclose(np.reshape(found, (-1, 3)), expected, atol=2e-3)


def test_it_plays_pauses_and_scrubs(page):
    browser, _ = page
    browser.click("#play")
    browser.wait("pn3dViewer.frame > 3 && pn3dViewer.drawn > 4")
    assert browser.evaluate("pn3dViewer.playing")
    browser.click("#play")
    assert not browser.evaluate("pn3dViewer.playing")
    stopped = browser.evaluate("pn3dViewer.frame")
    browser.click("#next")
    assert browser.evaluate("pn3dViewer.frame") == (stopped + 1 if stopped < 49 else 49)
    browser.evaluate(
        "(() => { const s = document.getElementById('scrub'); s.value = 20; s.dispatchEvent(new Event('input')); })()"
    )
    assert browser.evaluate("pn3dViewer.frame") == 20
    browser.wait("!pn3dViewer.dirty")
    assert "0.80 / 1.96 s" in browser.evaluate("document.getElementById('clock').textContent")
    middle = browser.evaluate(
        "(() => { const b = document.getElementById('plots').getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + 50]; })()"
    )
    browser.call(
        "Input.dispatchMouseEvent",
        type="mousePressed",
        x=middle[0],
        y=middle[1],
        button="left",
        buttons=1,
        clickCount=1,
    )
    browser.call(
        "Input.dispatchMouseEvent", type="mouseReleased", x=middle[0], y=middle[1], button="left", clickCount=1
    )
    assert abs(browser.evaluate("pn3dViewer.frame") - 24) <= 2


def test_layers_and_orbit_change_the_picture(page):
    browser, _ = page
    seen = [_pixels(browser)]
    for action in ("#layer-teacher", "#layer-body", "#layer-student"):
        browser.click(action)
        seen.append(_pixels(browser))
    browser.call("Input.dispatchMouseEvent", type="mousePressed", x=900, y=250, button="left", buttons=1, clickCount=1)
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=980, y=270, button="left", buttons=1)
    browser.call("Input.dispatchMouseEvent", type="mouseReleased", x=980, y=270, button="left", clickCount=1)
    seen.append(_pixels(browser))
    assert len(set(seen)) == len(seen)
    assert max(seen) < browser.evaluate("pn3dViewer.scene.canvas.width * pn3dViewer.scene.canvas.height")


def test_the_2d_view_follows_the_person_at_one_size(page):
    browser, motion = page
    windows = np.array(browser.evaluate("Array.from({ length: 50 }, (_, f) => pn3dViewer.picture.window(f))"))
    sides = windows[:, 2:] - windows[:, :2]
    np.testing.assert_allclose(sides, sides[0, 0], rtol=1e-5)
    usual = np.quantile(np.ptp(motion.reprojected_px, axis=1).max(axis=1), 0.95)
    assert usual < sides[0, 0] < 1.5 * usual
    middle = (motion.reprojected_px.min(axis=1) + motion.reprojected_px.max(axis=1)) / 2
    assert np.abs((windows[:, :2] + windows[:, 2:]) / 2 - middle).max() < sides[0, 0] / 4


def test_means_over_time_are_those_of_numpy(page):
    browser, _ = page
    values = np.random.default_rng(0).normal(size=(9, 2))
    expected = values
    for _ in range(2):
        expected = np.array([expected[max(0, t - 3) : t + 4].mean(axis=0) for t in range(9)])
    found = browser.evaluate(f"Array.from(smoothed(new Float32Array({values.reshape(-1).tolist()}), 2, 3))")
    np.testing.assert_allclose(np.reshape(found, (9, 2)), expected, atol=1e-6)


def test_bones_bridge_missing_joints(page):
    browser, _ = page
    draw = (
        "(() => { const lines = [], missing = %s; let from = null;"
        "const context = { beginPath() {}, moveTo(x) { from = x; }, stroke() {},"
        "lineTo(x) { lines.push([from, x]); } };"
        "const at = (_, joint) => missing.includes(joint) ? null : [joint, 0];"
        "pn3dViewer.picture.bonesOf(context, at, null, { alpha: () => 1, colour: () => '' }); return lines; })()"
    )
    spine = H36M17.index("spine")
    others = [list(bone) for bone in H36M17.bones if spine not in bone]
    bridge = [0, H36M17.index("thorax")]
    assert sorted(browser.evaluate(draw % [spine])) == sorted([*others, bridge])
    rootless = [bone for bone in others if 0 not in bone]
    assert sorted(browser.evaluate(draw % [0, spine])) == sorted(rootless), "nothing hangs on a root that is missing"


def test_a_slow_machine_gets_less_and_may_get_more_again(page):
    browser, _ = page
    slow = "pn3dViewer.pace = 60; pn3dViewer.settled = 0; pn3dViewer.economise(1e6);"
    browser.evaluate(f"pn3dViewer.scene.shadows = true; pn3dViewer.detail = 1; {slow}")
    assert browser.evaluate("[pn3dViewer.scene.shadows, pn3dViewer.detail]") == [False, 1]
    browser.evaluate(slow * 20)
    least = browser.evaluate("pn3dViewer.detail")
    assert least == 0.5
    browser.evaluate("pn3dViewer.economise(1e6 + 10)")
    browser.evaluate("pn3dViewer.play(true)")
    assert browser.evaluate("pn3dViewer.detail") > least
    browser.evaluate("pn3dViewer.play(false)")


def _pixels(browser: Browser) -> int:
    """Sum over the 3D canvas, drawn now and read at once, of pixels that are not the background, by colour."""
    return browser.evaluate(
        "(() => { const v = pn3dViewer, c = v.scene.canvas, gl = v.scene.gl; v.draw();"
        "const p = new Uint8Array(4 * c.width * c.height);"
        "gl.readPixels(0, 0, c.width, c.height, gl.RGBA, gl.UNSIGNED_BYTE, p);"
        "let n = 0; for (let i = 0; i < p.length; i += 4)"
        "if (Math.abs(p[i] - p[0]) + Math.abs(p[i + 1] - p[1]) + Math.abs(p[i + 2] - p[2]) > 24) n++;"
        "return n; })()"
    )
