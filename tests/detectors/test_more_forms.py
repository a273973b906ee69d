"""Further tools' files: what each form says is used, and a wrong guess about it is refused aloud."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.detectors import person_clips, read_keypoints
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from tools.stand_ins import more_forms as more
from tools.stand_ins.detector_files import SIZE, dump, text, walking_people

T = 14


def people(layout: str = "halpe26", count: int = 1) -> np.ndarray:
    return walking_people(layout, T, count)


def clean_twin(tmp_path: Path, data: np.ndarray, layout: str) -> np.ndarray:
    """What the 17 joints are in a plain array of the same people (T, 17, 2)."""
    np.save(tmp_path / "twin.npy", data[:, 0])
    return person_clips(read_keypoints(tmp_path / "twin.npy", layout=layout, image_size=SIZE, fps=25)).keypoints


def said(found: Any) -> str:
    return " | ".join((*found.assumptions, *found.warnings))


def lying(data: np.ndarray, degrees: float) -> np.ndarray:
    """The same people turned in the picture."""
    turned = data.copy()
    middle = data[..., :2].mean(axis=(0, 1, 2))
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned[..., :2] = (data[..., :2] - middle) @ np.array([[cosine, sine], [-sine, cosine]]) + middle
    return turned


TWINS = {
    "apple vision": (more.apple_vision, {"image_size": SIZE, "fps": 25}),
    "azure kinect": (more.azure_kinect, {"image_size": SIZE}),
    "sports2d": (more.sports2d, {"image_size": SIZE}),
}


@pytest.mark.parametrize("name", TWINS)
def test_the_joints_are_those_of_the_clean_twin(name: str, tmp_path: Path) -> None:
    write, arguments = TWINS[name]
    data = people()
    found = read_keypoints(write(tmp_path, data), **arguments)
    clips = person_clips(found)
    twin = clean_twin(tmp_path, data, "halpe26")
    seen = (clips.confidence > 0).all(axis=0)
    limbs = [joint.endswith(("hip", "knee", "ankle", "shoulder", "elbow", "wrist")) for joint in H36M17.joints]
    assert seen[limbs].all()
    assert seen[H36M17.index("pelvis")]
    np.testing.assert_allclose(clips.keypoints[:, seen], twin[:, seen], atol=0.01)
    assert found.video.fps == pytest.approx(25)


def test_apple_vision_counts_from_the_bottom_and_arkit_from_the_top(tmp_path: Path) -> None:
    data = people()
    bottom = read_keypoints(dump(tmp_path / "a.json", more.vision_frames(data)), image_size=SIZE)
    assert "y counts from the bottom; turned over" in said(bottom)
    top = read_keypoints(dump(tmp_path / "b.json", more.vision_frames(data, from_top=True)), image_size=SIZE)
    assert "y counts from the top; taken as it is" in said(top)
    np.testing.assert_allclose(bottom.people[0].keypoints_px, top.people[0].keypoints_px, atol=0.01)
    with pytest.raises(UserError, match="whether y counts from the bottom"):
        read_keypoints(dump(tmp_path / "c.json", more.vision_frames(lying(data, 90))), image_size=SIZE)
    frames = more.vision_frames(data)
    for frame in frames:
        for point in frame["observations"][0]["joints"].values():
            point["x"], point["y"] = point["x"] * SIZE[0], point["y"] * SIZE[1]
    with pytest.raises(UserError, match="pixels lack the picture's height"):
        read_keypoints(dump(tmp_path / "d.json", frames))
    pixels = read_keypoints(dump(tmp_path / "d.json", {"width": SIZE[0], "height": SIZE[1], "frames": frames}))
    np.testing.assert_allclose(pixels.people[0].keypoints_px, bottom.people[0].keypoints_px, atol=0.01)


def test_arkits_3d_skeleton_is_not_vision(tmp_path: Path) -> None:
    """There left_shoulder_1_joint is the collar bone and left_arm_joint the shoulder."""
    frames = more.vision_frames(people())
    for frame in frames:
        frame["observations"][0]["joints"]["left_arm_joint"] = {"x": 0.5, "y": 0.5, "confidence": 1.0}
    with pytest.raises(UserError, match=r"names that are not known here: left_arm_joint"):
        read_keypoints(dump(tmp_path / "a.json", frames), image_size=SIZE)


def test_azure_kinects_3d_positions_are_refused_and_levels_are_confidences(tmp_path: Path) -> None:
    content = more.kinect_frames(people())
    for frame in content["frames"]:
        body = frame["bodies"][0]
        body["joint_positions"] = [[*place, 2000.0] for place in body.pop("joint_positions_2d")]
    with pytest.raises(UserError, match="3D"):
        read_keypoints(dump(tmp_path / "a.json", content))
    content = more.kinect_frames(people())
    elbow, wrist = more.KINECT.index("ELBOW_LEFT"), more.KINECT.index("WRIST_LEFT")
    for frame in content["frames"]:
        levels = frame["bodies"][0]["confidence_levels"]
        frame["bodies"][0]["confidence_levels"] = [{elbow: 1, wrist: 0}.get(j, level) for j, level in enumerate(levels)]
    found = read_keypoints(dump(tmp_path / "b.json", content))
    layout, trust = found.layout, found.people[0].confidence
    assert (trust[:, layout.index("left_elbow")] == 0.5).all()
    assert (trust[:, layout.index("left_wrist")] == 0).all()
    assert (trust[:, layout.index("right_wrist")] == 1).all()
    assert found.people[0].track_id == 1


def test_a_list_of_browser_poses_is_one_frame_or_one_person(tmp_path: Path) -> None:
    data = people("coco17")
    frames = json.loads(more.posenet(tmp_path, data).read_text())
    one = read_keypoints(dump(tmp_path / "one.json", [frame[0] for frame in frames]))
    assert one.video.frames == T
    assert f"a list of {T} people is read as one person in as many frames" in said(one)
    np.testing.assert_allclose(one.people[0].keypoints_px, data[:, 0, :, :2], atol=0.01)
    crowd = read_keypoints(dump(tmp_path / "crowd.json", [frame[0] for frame in frames[:4]]), all_people=True)
    assert "a list of 4 people is read as one frame" in said(crowd)
    assert crowd.video.frames == 1


def test_poses_of_all_frames_under_one_key_are_frames(tmp_path: Path) -> None:
    data = people("coco17")
    frames = json.loads(more.posenet(tmp_path, data).read_text())
    for listed in (frames, [frame[0] for frame in frames]):
        found = read_keypoints(dump(tmp_path / "a.json", {"fps": 25, "poses": listed}))
        assert (found.video.frames, found.video.fps) == (T, 25)
        np.testing.assert_allclose(found.people[0].keypoints_px, data[:, 0, :, :2], atol=0.01)


def test_names_of_swift_and_y_from_the_bottom(tmp_path: Path) -> None:
    """Without Vision's own names nothing says so: it is suspected aloud, and the format can be given."""
    frames = more.vision_frames(people())
    for frame in frames:
        joints = frame["observations"][0]["joints"]
        names = {theirs: ours for ours, theirs in more.VISION.items()}
        renamed = {names[name].replace("thorax", "neck").replace("pelvis", "root"): p for name, p in joints.items()}
        frame["observations"][0]["joints"] = renamed
    path = dump(tmp_path / "a.json", frames)
    assert "people stand on their heads: does y count from the bottom" in said(read_keypoints(path, image_size=SIZE))
    turned = read_keypoints(path, image_size=SIZE, format="applevision")
    assert "y counts from the bottom; turned over" in said(turned)
    own = read_keypoints(dump(tmp_path / "b.json", more.vision_frames(people())), image_size=SIZE)
    np.testing.assert_allclose(person_clips(turned).keypoints, person_clips(own).keypoints, atol=0.01)


@pytest.mark.parametrize("spelt", ["K4ABT_JOINT_{}", "camel", "words"])
def test_azure_kinects_names_however_they_are_spelt(spelt: str, tmp_path: Path) -> None:
    content = more.kinect_frames(people())
    expected = person_clips(read_keypoints(dump(tmp_path / "a.json", content)))
    frames = []
    for frame in content["frames"]:
        joints = {}
        for name, place in zip(more.KINECT, frame["bodies"][0]["joint_positions_2d"], strict=True):
            words = name.lower().split("_")
            side = [words.pop()] if words[-1] in ("left", "right") else []
            own = spelt.format(name) if "{}" in spelt else " ".join([*side, *words])
            own = "".join(word.capitalize() for word in [*words, *side]) if spelt == "camel" else own
            joints[own] = {"x": place[0], "y": place[1], "confidence_level": 2}
        frames.append({"frame_id": frame["frame_id"], "bodies": [{"body_id": 1, "joints": joints}]})
    found = read_keypoints(dump(tmp_path / "b.json", frames))
    assert found.format == "azurekinect"
    np.testing.assert_allclose(person_clips(found).keypoints, expected.keypoints, atol=0.01)


def test_browser_poses_are_mapped_by_name(tmp_path: Path) -> None:
    data = people("coco17")
    frames = json.loads(more.posenet(tmp_path, data).read_text())
    for frame in frames:
        frame[0]["keypoints"].reverse()
        del frame[0]["keypoints"][0]  # right ankle
    found = read_keypoints(dump(tmp_path / "a.json", frames))
    assert found.layout_reason == "the file names its joints"
    np.testing.assert_allclose(found.people[0].keypoints_px[:, :16], data[:, 0, :16, :2], atol=0.01)
    assert (found.people[0].confidence[:, 16] == 0).all()
    for frame in frames:
        frame[0]["keypoints"][0]["part"] = "tail"
    with pytest.raises(UserError, match="not known here: tail"):
        read_keypoints(dump(tmp_path / "a.json", frames))


def test_times_and_ids_of_browser_poses_are_used(tmp_path: Path) -> None:
    found = read_keypoints(more.movenet(tmp_path, people("coco17", 2)), all_people=True)
    assert (found.video.fps, found.video.fps_source) == (25, "file")
    assert [person.track_id for person in found.people] == [1, 2]


def test_openpifpafs_missing_joints_frames_and_classes(tmp_path: Path) -> None:
    data = people("coco17")
    lines = [json.loads(line) for line in more.openpifpaf_video(tmp_path, data).read_text().splitlines()]
    for line in lines:
        line["predictions"][0]["keypoints"][27:30] = [0.0, -3.0, 0.0]
        line["predictions"].append({"keypoints": [5.0] * 51, "category_id": 2, "score": 0.2})
    del lines[5]
    found = read_keypoints(text(tmp_path / "a.json", [json.dumps(line) for line in lines]))
    assert found.video.frames == T
    assert found.people[0].filled.tolist() == [t == 5 for t in range(T)]
    assert (found.people[0].confidence[:, 9] == 0).all()
    assert "left out: 13 of class '2'" in said(found)


def test_poseflows_ids_and_layouts(tmp_path: Path) -> None:
    found = read_keypoints(more.poseflow(tmp_path, people("coco17", 2)), all_people=True)
    assert [person.track_id for person in found.people] == [1, 2]
    mpii = read_keypoints(more.poseflow(tmp_path, people("mpii16")))
    assert mpii.layout.name == "mpii16"


def test_deeplabcut_maps_names_or_refuses_them(tmp_path: Path) -> None:
    path = more.deeplabcut(tmp_path, people("coco17"))
    with_ball = path.read_text().replace("right_eye,right_eye,right_eye", "ball,ball,ball")
    found = read_keypoints(text(tmp_path / "ball.csv", with_ball.splitlines()))
    assert "left out, not a joint that is known here: ball" in said(found)
    numbered = path.read_text()
    for i, joint in enumerate(more.COCO):
        numbered = numbered.replace(joint, f"point{chr(97 + i)}")
    with pytest.raises(UserError, match=r"joint names \(pointa, .*\) are not those of a human body"):
        read_keypoints(text(tmp_path / "a.csv", numbered.splitlines()))
    for change, message in (
        (lambda t: t.replace("coords,", "coordinates,"), "rows scorer, bodyparts and coords"),
        (lambda t: t.replace("\nbodyparts", "\nbodies", 1), "rows scorer, bodyparts and coords"),
        (lambda t: t.replace("nose,nose,nose", "nose,nose,left_ear"), "each once"),
        (lambda t: t.replace("likelihood", "probability", 1), "x, y and likelihood"),
        (lambda t: t.replace("\n5,", "\n,"), "a frame of its own"),
        (lambda t: t.replace("\n5,", "\nfive,"), "line 9: expected a number, found 'five'"),
        (lambda t: t[: int(0.9 * len(t))], "expected at least 52 columns|expected a number"),
        (lambda t: t.rsplit("\n", 2)[0] + "\n0" + t.rsplit("\n", 2)[1][2:] + "\n", "a frame of its own"),
    ):
        with pytest.raises(UserError, match=message):
            read_keypoints(text(tmp_path / "a.csv", change(path.read_text()).rstrip("\n").split("\n")))


def test_decimal_commas(tmp_path: Path) -> None:
    """As spreadsheets of many countries write them."""
    for path, marks in (
        (more.deeplabcut(tmp_path, people("coco17")), ",;"),
        (more.sports2d(tmp_path, people()), "\t\t"),
    ):
        clean = read_keypoints(path)
        comma = path.read_text().replace(marks[0], marks[1])
        if path.suffix == ".csv":
            comma = comma.replace(".", ",")
        else:
            head, body = comma.split("\n0\t", 1)
            comma = f"{head}\n0\t{body.replace('.', ',')}"
        found = read_keypoints(text(tmp_path / f"comma{path.suffix}", comma.splitlines()))
        np.testing.assert_array_equal(found.people[0].keypoints_px, clean.people[0].keypoints_px)


def test_trc_of_metres_or_3d_is_refused(tmp_path: Path) -> None:
    data = people()
    path = more.sports2d(tmp_path, data)
    metres = data.copy()
    metres[..., :2] /= 400
    with pytest.raises(UserError, match=r"in m \(they span .*; expected pixels"):
        read_keypoints(more.sports2d(tmp_path, metres, "walk_Sports2D_m_person00.trc"))
    rows = more.sports2d(tmp_path, data).read_text().splitlines()
    three_d = [*rows[:5], *(row.replace("\t0.0\t", "\t31.5\t") for row in rows[5:])]
    with pytest.raises(UserError, match="markers are 3D"):
        read_keypoints(text(tmp_path / "a.trc", three_d))
    for change, message in (
        (lambda r: r[:5], "not a TRC file with frames"),
        (lambda r: [*r[:9], r[9][: len(r[9]) // 3]], "row 10: expected 68 numbers"),
        (lambda r: [*r[:9], r[9].replace("\t0.0\t", "\tx\t", 1)], "row 10: expected 68 numbers"),
        (lambda r: [*r[:9], r[8]], "a frame of its own"),
    ):
        with pytest.raises(UserError, match=message):
            read_keypoints(text(tmp_path / "a.trc", change(path.read_text().splitlines())))
    gaps = [*rows[:8], "\t".join(rows[8].split("\t")[:2] + [""] * 66), *rows[9:]]
    found = read_keypoints(text(tmp_path / "b.trc", gaps))
    assert found.people[0].filled.tolist() == [t == 3 for t in range(T)]
    assert found.video.fps == 25


def test_simple_hrnets_order_follows_from_people_who_stand(tmp_path: Path) -> None:
    data = people("coco17", 2)
    path = more.simple_hrnet(tmp_path, data)
    rows = path.read_text().splitlines()
    found = read_keypoints(path, all_people=True)
    assert "read as y, x, confidence" in said(found)
    swapped = data[..., [1, 0, 2]]
    as_its_help_says = read_keypoints(more.simple_hrnet(tmp_path, swapped), all_people=True)
    assert "read as x, y, confidence" in said(as_its_help_says)
    for one, other in zip(found.people, as_its_help_says.people, strict=True):
        np.testing.assert_array_equal(one.keypoints_px, other.keypoints_px)
    with pytest.raises(UserError, match="whether x or y comes first cannot be told"):
        read_keypoints(more.simple_hrnet(tmp_path, lying(data, 45)))
    with pytest.raises(UserError, match="a frame of its own"):
        read_keypoints(text(tmp_path / "b.csv", [*rows, rows[-1]]))


def test_rtmlib_and_dwpose_are_read_with_scores_and_size(tmp_path: Path) -> None:
    data = people("coco17", 2)
    found = read_keypoints(more.rtmlib_npz(tmp_path, data), layout="coco17", all_people=True)
    np.testing.assert_allclose(found.people[0].confidence, data[:, 0, :, 2], atol=1e-5)
    assert "no confidences" not in said(found)
    pose = read_keypoints(more.dwpose(tmp_path, people("openpose18")))
    assert (pose.video.image_size, pose.video.image_size_source) == (SIZE, "file")


def test_a_format_that_is_given_wrongly_is_refused(tmp_path: Path) -> None:
    path = more.poseflow(tmp_path, people("coco17"))
    for name in ("deeplabcut", "trc", "simple-hrnet", "openpifpaf", "apple-vision", "azure-kinect", "tfjs"):
        with pytest.raises(UserError, match=path.name) as caught:
            read_keypoints(path, format=name)
        assert "\n" not in str(caught.value)
    table = more.simple_hrnet(tmp_path, people("coco17"))
    for name in ("deeplabcut", "trc", "openpifpaf", "apple-vision", "azure-kinect", "tfjs", "poseflow"):
        with pytest.raises(UserError, match=table.name):
            read_keypoints(table, format=name)
    assert read_keypoints(more.dwpose(tmp_path, people("openpose18")), format="DWPose").format == "openpose"


@pytest.mark.parametrize(
    "name",
    ["apple_vision", "azure_kinect", "deeplabcut", "openpifpaf", "poseflow", "simple_hrnet", "tfjs", "trc"],
)
def test_a_reader_is_at_most_sixty_lines(name: str) -> None:
    """What CONTRIBUTING.md promises: what several readers need has a place of its own."""
    path = Path(more.__file__).resolve().parents[2] / "pn3d" / "detectors" / f"{name}.py"
    assert len(path.read_text().splitlines()) <= 60
