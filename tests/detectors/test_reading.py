"""Every detector's exact form is read to the joints that were written: layouts, units and confidences."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from pn3d.data.joints17 import ANKLE_CONFIDENCE, ANKLE_FROM_HEEL, h36m17_by_name
from pn3d.detectors import person_clips, read_keypoints
from pn3d.detectors.choosing import bone_share
from pn3d.detectors.inspect import facts_text
from pn3d.detectors.layouts import DETECTOR_LAYOUTS, detector_layout
from pn3d.detectors.picture import three_frames_svg
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, LAYOUTS, remap_indices
from tools.stand_ins.detector_files import (
    SIZE,
    alphapose,
    dump,
    mmpose_frames,
    openpose_folder,
    openpose_frame,
    ultralytics_frame,
    walking_people,
)
from tools.stand_ins.detector_forms import FORMS

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"


@pytest.fixture
def samples() -> Path:
    if not SAMPLES.is_dir():
        pytest.skip("the real detector files are not beside this checkout")
    return SAMPLES


@pytest.mark.parametrize("name", FORMS)
def test_form_is_read_as_it_was_written(name, tmp_path):
    form = FORMS[name]
    data = walking_people(form.layout, form.frames, form.people)
    arguments = {"layout": form.layout} if form.needs_layout else {}
    if form.normalised:
        arguments["image_size"] = SIZE
    found = read_keypoints(form.write(tmp_path, data), all_people=True, **arguments)
    assert found.format == form.format
    if not form.own_layout:
        assert found.layout.name == form.layout
    assert len(found.people) == found.people_found == form.people
    source = DETECTOR_LAYOUTS[form.layout].layout.joints
    for person, truth in zip(found.people, data.swapaxes(0, 1), strict=True):  # written largest first
        seen = [j for j, joint in enumerate(found.layout.joints) if joint in source and person.confidence[:, j].any()]
        written = truth[:, [source.index(found.layout.joints[j]) for j in seen]]
        assert len(seen) >= (17 if form.own_layout else min(22, len(source)))
        np.testing.assert_allclose(person.keypoints_px[:, seen], written[..., :2], atol=0.01)
        if form.has_confidence:
            np.testing.assert_allclose(person.confidence[:, seen], written[..., 2], atol=1e-5)
        assert (person.confidence[:, seen] > 0).all()
        assert not person.filled.any()
        np.testing.assert_array_equal(person.frames, np.arange(form.frames))
    clips = person_clips(found)
    assert clips.layout == H36M17
    assert clips.lengths.tolist() == [form.frames] * form.people


def test_known_layouts_agree_with_the_skeleton():
    for name, known in DETECTOR_LAYOUTS.items():
        assert known.layout.name == name
        assert len(set(known.layout.joints)) == len(known.layout.joints) <= known.count
        assert [known.layout.mirror[j] for j in known.layout.mirror] == list(range(len(known.layout.joints)))
        limbs = {f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "wrist")}
        assert limbs <= set(known.layout.joints)
        children = [child for _, child in known.layout.bones]
        assert len(children) >= len(known.layout.joints) - 2, "at most two roots"
    for spelt in ("BODY_25", "body-25", "COCO", "MediaPipe", "coco_wholebody", "Halpe26"):
        detector_layout(spelt)
    with pytest.raises(UserError, match=r"unknown layout 'body26'.*body25"):
        detector_layout("body26")


def test_visibilities_of_annotations_become_confidences(tmp_path):
    data = walking_people("coco17", 5)
    found = read_keypoints(FORMS["coco annotations"].write(tmp_path, data))
    np.testing.assert_array_equal(found.people[0].confidence, np.where(data[:, 0, :, 2] > 0.5, 1, 0.5))
    assert found.video.image_size_source == "file"


@pytest.mark.parametrize("layout", ["body25", "body25b"])
def test_seventy_five_numbers_are_told_apart_aloud(layout, tmp_path):
    found = read_keypoints(openpose_folder(tmp_path, walking_people(layout, 5)))
    assert found.layout.name == layout
    assert "body25 and body25b" in found.layout_reason
    assert any("--layout" in warning and layout in warning for warning in found.warnings)
    other = "body25b" if layout == "body25" else "body25"
    assert read_keypoints(tmp_path, layout=other.upper()).layout.name == other
    assert not any("fit" in warning for warning in read_keypoints(tmp_path, layout=layout).warnings)


def test_undecidable_layout_is_refused(tmp_path):
    data = walking_people("body25", 3)
    data[:, :, 3:] = 0
    with pytest.raises(UserError, match=r"body25 and body25b.*give --layout"):
        read_keypoints(openpose_folder(tmp_path, data))


def test_bones_are_shorter_in_the_right_layout():
    for right, wrong in (("coco17", "h36m17"), ("h36m17", "coco17"), ("body25", "body25b"), ("body25b", "body25")):
        data = walking_people(right, 20)[:, 0]
        share = {name: bone_share(LAYOUTS[name], data[..., :2], data[..., 2]) for name in (right, wrong)}
        assert share[wrong] > 1.15 * share[right], (right, share)


def test_wrong_layout_name_says_what_would_fit(tmp_path):
    path = alphapose(tmp_path, walking_people("coco17", 2))
    with pytest.raises(UserError, match=r"'body25' has 25 joints, found 17 \(17 joints fit coco17 or h36m17\)"):
        read_keypoints(path, layout="body25")


def test_declared_layout_that_bones_contradict_is_warned_of(tmp_path):
    path = dump(tmp_path / "v.json", mmpose_frames(walking_people("h36m17", 6)))
    found = read_keypoints(path)
    assert found.layout.name == "coco17"
    assert any("--layout h36m17" in warning for warning in found.warnings)


def test_named_joints_in_another_order_are_mapped_by_name(tmp_path):
    joints = DETECTOR_LAYOUTS["coco17"].layout.joints
    shuffled = [joints[i] for i in np.random.default_rng(1).permutation(17)]
    data = walking_people("coco17", 4)
    mixed = data[:, :, [joints.index(name) for name in shuffled]]
    meta = {"dataset_name": "mine", "keypoint_id2name": {str(i): name for i, name in enumerate(shuffled)}}
    path = dump(tmp_path / "v.json", {"meta_info": meta, "instance_info": mmpose_frames(mixed)})
    found = read_keypoints(path)
    assert found.layout_reason == "the file names its joints"
    expected = person_clips(read_keypoints(dump(tmp_path / "plain.json", mmpose_frames(data)))).keypoints
    np.testing.assert_array_equal(person_clips(found).keypoints, expected)


def test_mmpose_h36m_names_with_the_left_leg_first(tmp_path):
    names = ["root", *(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "foot"))]
    names += ["spine", "thorax", "neck_base", "head"]
    names += [f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")]
    data = walking_people("h36m17", 4)
    order = [0, 4, 5, 6, 1, 2, 3, *range(7, 17)]
    meta = {"dataset_name": "h36m", "keypoint_id2name": dict(enumerate(names))}
    path = dump(tmp_path / "v.json", {"meta_info": meta, "instance_info": mmpose_frames(data[:, :, order])})
    clips = person_clips(read_keypoints(path))
    np.testing.assert_allclose(clips.keypoints, data[:, 0, :, :2], atol=0.01)


def test_animal_joints_and_3d_points_are_refused(tmp_path):
    meta = {"dataset_name": "horse", "keypoint_id2name": {str(i): f"hoof_{i}" for i in range(17)}}
    frames = mmpose_frames(walking_people("coco17", 2))
    with pytest.raises(UserError, match="not those of a human body"):
        read_keypoints(dump(tmp_path / "v.json", {"meta_info": meta, "instance_info": frames}))
    frames[0]["instances"][0]["keypoints"] = [[1.0, 2.0, 3.0]] * 17
    with pytest.raises(UserError, match="3D"):
        read_keypoints(dump(tmp_path / "w.json", frames))


def test_array_without_a_layout_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", walking_people("coco17", 4)[:, 0])
    with pytest.raises(UserError, match=r"--layout NAME \(17 joints fit coco17 or h36m17\)"):
        read_keypoints(tmp_path / "a.npy")
    three_d = walking_people("coco17", 4)[:, 0]
    three_d[..., 2] = 300
    np.save(tmp_path / "b.npy", three_d)
    with pytest.raises(UserError, match="confidence from 0 to 1"):
        read_keypoints(tmp_path / "b.npy", layout="coco17")


@pytest.mark.parametrize("form", ["unit", "signed"])
def test_normalised_coordinates_are_multiplied_back(form, tmp_path):
    data = walking_people("openpose18", 6)
    shares = data.copy()
    shares[..., :2] = data[..., :2] / SIZE if form == "unit" else 2 * data[..., :2] / SIZE - 1
    found = read_keypoints(openpose_folder(tmp_path, shares), image_size=SIZE)
    np.testing.assert_allclose(found.people[0].keypoints_px, data[:, 0, :, :2], atol=0.01)
    assert any("multiplied back" in warning for warning in found.warnings)
    assumed = read_keypoints(tmp_path)
    assert assumed.video.image_size == (1920, 1080)
    assert any("assumed 1920 x 1080" in sentence for sentence in assumed.assumptions)


def test_screen_coordinates_of_videopose3d_are_multiplied_back(tmp_path):
    data = walking_people("coco17", 6)[:, 0]
    screen = data.copy()
    screen[..., :2] = data[..., :2] / SIZE[0] * 2 - [1, SIZE[1] / SIZE[0]]
    np.save(tmp_path / "a.npy", screen)
    found = read_keypoints(tmp_path / "a.npy", layout="coco17", image_size=SIZE)
    np.testing.assert_allclose(found.people[0].keypoints_px, data[..., :2], atol=0.01)


def test_sizes_and_rates_in_the_file_are_used(tmp_path):
    data = walking_people("mediapipe33", 3)
    frames = [np.concatenate([f[0, :, :2] / SIZE, f[0, :, :1] * 0, f[0, :, 2:]], axis=-1).tolist() for f in data]
    content = {"fps": 24.0, "width": SIZE[0], "height": SIZE[1], "frames": [*frames, None]}
    found = read_keypoints(dump(tmp_path / "m.json", content))
    assert (found.video.fps, found.video.fps_source) == (24, "file")
    assert (found.video.image_size, found.video.image_size_source) == (SIZE, "file")
    assert found.video.frames == 4
    np.testing.assert_allclose(found.people[0].keypoints_px, data[:, 0, :, :2], atol=0.01)
    content["width"] = 1e15
    assert read_keypoints(dump(tmp_path / "m.json", content)).video.image_size_source == "assumed"


def test_what_the_file_lacks_is_assumed_aloud_or_given(tmp_path):
    path = alphapose(tmp_path, walking_people("coco17", 4))
    lacking = read_keypoints(path)
    assert (lacking.video.fps_source, lacking.video.image_size_source, lacking.video.intrinsics_source) == (
        "assumed",
    ) * 3
    assert lacking.video.intrinsics[0] == pytest.approx(1.15 * max(lacking.video.image_size))
    assert len([word for word in ("--fps", "--image-size", "--focal-px") if word in str(lacking.assumptions)]) == 3
    assert person_clips(lacking).intrinsics is None
    given = read_keypoints(path, fps=25, image_size=(1000, 800), focal_px=900)
    assert given.assumptions == ()
    assert given.video.intrinsics == (900, 900, 500, 400)
    clips = person_clips(given)
    assert clips.fps[0] == 25
    assert clips.intrinsics[0].tolist() == [900, 900, 500, 400]
    for wrong in ({"fps": 0}, {"fps": float("nan")}, {"image_size": (0, 5)}, {"focal_px": -1}, {"person": -1}):
        with pytest.raises(UserError, match="--"):
            read_keypoints(path, **wrong)


def test_only_measured_joints_reach_the_networks():
    for name in ("coco17", "body25", "body25b", "halpe26", "mpii16", "mediapipe33", "openpose18", "openpose15"):
        layout = DETECTOR_LAYOUTS[name].layout
        data = walking_people(name, 3)[:, 0, : len(layout.joints)].astype(np.float32)
        keypoints, confidence = h36m17_by_name(data[..., :2], data[..., 2], layout)
        source = remap_indices(layout, H36M17)
        for j, i in enumerate(source):
            np.testing.assert_array_equal(confidence[:, j], data[:, i, 2] if i >= 0 else 0)
            np.testing.assert_array_equal(keypoints[:, j], data[:, i, :2] if i >= 0 else 0)


def test_missed_ankle_is_supported_by_heel_and_toe(samples):
    """The claim of h36m.py, on the real recording: within the disagreement of two detectors."""
    found = read_keypoints(samples / "hrnet_coco17_gastnet" / "baseball_wholebody.json")
    layout, person = found.layout, found.people[0]
    hidden = person.confidence.copy()
    ankles = [layout.index("left_ankle"), layout.index("right_ankle")]
    hidden[:, ankles] = 0
    guess, trust = h36m17_by_name(person.keypoints_px, hidden, layout)
    ours = [H36M17.index("left_ankle"), H36M17.index("right_ankle")]
    height = np.median(np.ptp(person.keypoints_px[..., 1], axis=1))
    error = np.linalg.norm(guess[:, ours] - person.keypoints_px[:, ankles], axis=-1)
    assert error.mean() < 0.006 * height
    assert (trust[:, ours] > 0).all()
    assert trust[:, ours].max() <= ANKLE_CONFIDENCE
    assert 0 < ANKLE_FROM_HEEL[0] < ANKLE_FROM_HEEL[1] < 1
    hidden[:, layout.index("left_heel")] = 0
    assert (h36m17_by_name(person.keypoints_px, hidden, layout)[1][:, ours[0]] == 0).all()


def test_real_samples_are_read(samples):
    expected = {
        "hrnet_coco17_gastnet/baseball.json": ("gastnet", "coco17", 277, 1),
        "hrnet_coco17_gastnet/baseball_wholebody.json": ("gastnet", "wholebody133", 277, 1),
        "mmpose_wholebody133/FOOTBALL.json": ("mmpose", "wholebody133", 62, 1),
        "openpose_single_frames/im1010_openpose.json": ("openpose", "body25", 1, 1),
        "openpose_single_frames/random_keypoints.json": ("openpose", "openpose18", 1, 2),
    }
    for name, (tool, layout, frames, people) in expected.items():
        found = read_keypoints(samples / name, all_people=True)
        assert (found.format, found.layout.name, found.video.frames, len(found.people)) == (
            tool,
            layout,
            frames,
            people,
        )
        text = facts_text(found)
        assert all(joint in text for joint in found.layout.joints)
    first = json.loads((samples / "hrnet_coco17_gastnet/baseball.json").read_text())["data"][0]["skeleton"][0]["pose"]
    people = read_keypoints(samples / "hrnet_coco17_gastnet/baseball.json").people
    np.testing.assert_allclose(people[0].keypoints_px[0], first, rtol=1e-6)


def test_picture_names_every_measured_joint_of_three_frames(tmp_path):
    data = walking_people("body25", 30)
    data[:, :, 4] = 0
    found = read_keypoints(openpose_folder(tmp_path, data))
    svg = three_frames_svg(found)
    assert svg.count("<g ") == 3
    for joint in found.layout.joints:
        assert svg.count(f">{joint}<") == (0 if joint == "right_wrist" else 3)
    text = facts_text(found)
    assert re.search(r"right_wrist +100\.0 % +0\.00", text)
    assert "the networks do without: spine, neck, head, right_wrist\n" in text


def test_tools_that_write_similar_files_are_told_apart(tmp_path):
    frame = walking_people("coco17", 1)[0]
    assert read_keypoints(dump(tmp_path / "a.json", ultralytics_frame(frame))).format == "ultralytics"
    openpose = openpose_frame(walking_people("openpose18", 1)[0])
    assert read_keypoints(dump(tmp_path / "b.json", [openpose, openpose])).format == "openpose"
    assert read_keypoints(dump(tmp_path / "c.json", openpose), format="OpenPose").format_reason == "given"
    with pytest.raises(UserError, match="unknown format 'poser'; known formats: native, detections, openpose"):
        read_keypoints(tmp_path / "c.json", format="poser")
    with pytest.raises(UserError, match="expected"):
        read_keypoints(tmp_path / "c.json", format="mmpose")
