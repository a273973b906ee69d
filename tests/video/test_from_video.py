"""Videos in: turned, uneven, cut off; a stub detector in the place of a real one; the overlay read back."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra video (PyAV)")
pytest.importorskip("cv2", reason="needs the extra video (OpenCV)")

from pn3d.api import detect, load_weights, predict
from pn3d.commands.main import main
from pn3d.detectors import person_clips, read_keypoints
from pn3d.files.errors import UserError
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.video.decode import Selection, read_frames, read_info, select
from pn3d.video.detect import DetectOptions, detect_video
from pn3d.video.detectors import DETECTORS, make_detector, register
from tests.support.video_files import SIZE, KnownDetector, gradient_pictures, turn_video, write_video

VIDEOS = Path(__file__).resolve().parents[3] / "shared" / "samples" / "videos"


def all_frames(path: Path) -> list[np.ndarray]:
    info = read_info(path)
    return [picture for _, picture in read_frames(info, select(info, None, None))]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, KnownDetector]:
    """Detectors by name, forgotten after the test."""
    monkeypatch.setattr("pn3d.video.detectors.DETECTORS", dict(DETECTORS))
    return {}


@pytest.mark.parametrize(
    ("matrix", "turns"), [((1, 0, 0, 1), 0), ((0, 1, -1, 0), 3), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1)]
)
def test_a_turned_video_comes_upright(tmp_path: Path, matrix: tuple[int, int, int, int], turns: int) -> None:
    pictures = gradient_pictures(6)
    path = turn_video(write_video(tmp_path / "a.mp4", pictures), matrix)
    read = all_frames(path)
    expected = np.rot90(pictures[2], turns)
    assert read_info(path).image_size == (expected.shape[1], expected.shape[0])
    assert read[2].shape == expected.shape
    assert np.abs(read[2].astype(int) - expected).mean() < 6


def test_a_mirrored_video_is_mirrored_back(tmp_path: Path) -> None:
    pictures = gradient_pictures(6)
    read = all_frames(turn_video(write_video(tmp_path / "a.mp4", pictures), (-1, 0, 0, 1)))
    assert np.abs(read[2].astype(int) - pictures[2][:, ::-1]).mean() < 6


def test_uneven_frames_are_taken_at_even_times(tmp_path: Path) -> None:
    times = [i / 30 for i in range(10)] + [(i + 6) / 30 for i in range(10, 20)]  # a pause of 7 frames
    path = write_video(tmp_path / "a.mp4", gradient_pictures(20), times)
    info = read_info(path)
    assert info.frames == 26
    assert info.rate == 30
    assert any("variable" in note for note in info.notes)
    blue = [int(np.median(picture[..., 2])) for picture in all_frames(path)]
    shown = [255 * min(max(i if i < 10 else 9 if i < 16 else i - 6, 0), 19) // 19 for i in range(26)]
    assert np.abs(np.array(blue) - shown).max() <= 8


def test_even_rates_are_exact_and_silent(tmp_path: Path) -> None:
    for rate in (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25)):
        info = read_info(write_video(tmp_path / "a.mp4", gradient_pictures(12), rate=rate))
        assert (info.rate, info.frames, info.notes) == (rate, 12, ())


def test_start_end_and_stride_name_the_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", gradient_pictures(120))
    info = read_info(path)
    selection = select(info, 3.0, 3.5, 4)
    assert (selection, selection.frames) == (Selection(90, 105, 4), 4)
    taken = dict(read_frames(info, selection))
    assert list(taken) == [90, 94, 98, 102]
    whole = all_frames(path)
    assert all(np.array_equal(picture, whole[index]) for index, picture in taken.items())
    with pytest.raises(UserError, match="no frame from --start 9"):
        select(info, 9, None)


@pytest.mark.parametrize(("pix_fmt", "size"), [("yuv420p10le", SIZE), ("yuv444p", (321, 241))])
def test_ten_bits_and_odd_sizes(tmp_path: Path, pix_fmt: str, size: tuple[int, int]) -> None:
    pictures = gradient_pictures(4, size)
    read = all_frames(write_video(tmp_path / "a.mp4", pictures, pix_fmt=pix_fmt))
    assert len(read) == 4
    assert np.abs(read[1].astype(int) - pictures[1]).mean() < 6


def test_interlaced_pictures_come_without_combs(tmp_path: Path) -> None:
    fields = np.full((24, 240, 320, 3), 40, np.uint8)
    for i, field in enumerate(fields):
        field[:, 20 + 8 * i : 60 + 8 * i] = 220
    woven = fields[::2].copy()
    woven[:, 1::2] = fields[1::2, 1::2]  # the odd lines are half a frame later
    read = all_frames(write_video(tmp_path / "a.mp4", list(woven), rate=25, coder={"x264-params": "tff=1"}))
    assert len(read) == 12

    def comb(picture: np.ndarray) -> float:
        return float(np.abs(np.diff(picture[..., 0].astype(int), axis=0)).mean())

    assert comb(woven[5]) > 5
    assert max(comb(picture) for picture in read[1:-1]) < 0.5


@pytest.mark.parametrize(
    ("name", "container", "kept"),
    [
        ("a.mkv", {"live": "1"}, 1.0),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}, 1.0),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}, 0.7),
    ],
    ids=["no index", "fragments", "fragments, cut off"],
)
def test_a_part_is_found_without_an_index(tmp_path: Path, name: str, container: dict[str, str], kept: float) -> None:
    path = write_video(tmp_path / name, gradient_pictures(150), container=container)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    info = read_info(path)
    assert info.frames == 150 if kept == 1 else 60 < info.frames < 150
    part = dict(read_frames(info, select(info, 2.2, 2.4)))
    assert list(part) == list(range(66, 72))
    whole = all_frames(path)
    assert all(np.array_equal(picture, whole[index]) for index, picture in part.items())


def test_a_cut_off_video_gives_what_is_there_or_one_line(tmp_path: Path) -> None:
    data = write_video(tmp_path / "a.mkv", [*gradient_pictures(60)]).read_bytes()
    cut = tmp_path / "cut off ü.mkv"
    cut.write_bytes(data[: len(data) // 2])
    assert 5 < len(all_frames(cut)) < 60
    whole = write_video(tmp_path / "b.mp4", gradient_pictures(10)).read_bytes()
    (tmp_path / "c.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cut off, damaged or no video"):
        read_info(tmp_path / "c.mp4")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"no video at all", "cannot be read as a video"),
        ("a.mp4", b"", "empty"),
        ("a.jpg", b"\xff\xd8", "a picture; expected a video"),
    ],
)
def test_what_is_no_video_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(["predict", str(tmp_path / name), "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_only_sound_and_single_frames_are_refused(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        track = output.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, 0
        output.mux(track.encode(frame))
        output.mux(track.encode(None))
    with pytest.raises(UserError, match="only sound"):
        read_info(tmp_path / "a.mp4")
    with pytest.raises(UserError, match="is a picture"):
        read_info(write_video(tmp_path / "b.mp4", gradient_pictures(1)))


def test_a_video_predicts_what_its_keypoints_predict(tmp_path: Path) -> None:
    clips = make_synthetic_clips(3, 1, 60)
    width, height = clips.image_size[0].tolist()
    pictures = gradient_pictures(60, (width // 4 * 2, height // 4 * 2))
    path = write_video(tmp_path / "walk.mp4", pictures, rate=30)
    joints = clips.keypoints[:60, None] * [pictures[0].shape[1] / width, pictures[0].shape[0] / height]
    weights = load_weights()
    detector = KnownDetector(joints)
    found = predict(weights, path, detector=detector)
    direct = predict(
        weights, joints[:, 0], layout="h36m17", fps=30, image_size=(pictures[0].shape[1], pictures[0].shape[0])
    )
    assert detector.calls == 60
    np.testing.assert_allclose(found.joints_cam_m, direct.joints_cam_m, atol=2e-3)


def test_kept_detections_are_read_again_only_for_the_same(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", gradient_pictures(12))
    joints = np.random.default_rng(0).uniform(40, 200, (12, 1, 17, 2))
    first = KnownDetector(joints)
    kept = tmp_path / "detections.npz"
    detect_video(path, DetectOptions(first), kept, show=False)
    again = KnownDetector(joints)
    found = detect_video(path, DetectOptions(again), kept, show=False)
    assert (first.calls, again.calls, found.reused) == (12, 0, True)
    np.testing.assert_allclose(found.raw.keypoints[:, :, 0], joints[:, 0, :, 0], atol=1e-4)
    detect_video(path, DetectOptions(again, end_s=0.2), kept, show=False)
    assert again.calls == 6
    # Where the camera was said to stand still its turning was not looked for, and else it is.
    for still in (True, False, True):
        each = KnownDetector(joints)
        detect_video(path, DetectOptions(each, still_camera=still), kept, show=False)
        assert each.calls == 12, still


def test_several_people_are_told_apart(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", gradient_pictures(30))
    one = np.random.default_rng(0).uniform(0, 60, (17, 2))
    steps = np.arange(30)[:, None, None]
    left, right = one + [20, 60] + steps * [2, 0], one * 1.2 + [220, 60] - steps * [1, 0]
    people = np.stack([left, right], axis=1)
    people[1::2] = people[1::2, ::-1]  # a detector's order means nothing
    found = detect(path, detector=KnownDetector(people), all_people=True)
    assert len(found.people) == 2
    assert all(np.ptp(np.diff(person.keypoints_px[:, 0, 0])) < 0.01 for person in found.people)


def test_nobody_and_a_wrong_detector_are_one_line(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", gradient_pictures(5))
    with pytest.raises(UserError, match="no person in any of the 5 frames"):
        detect(path, detector=KnownDetector([np.zeros((0, 17, 2))] * 5))
    with pytest.raises(UserError, match="expected joints"):
        detect(path, detector=KnownDetector([np.zeros((1, 5, 2))] * 5))
    with pytest.raises(UserError, match="expected auto, rtmlib, mediapipe"):
        make_detector("other")
    with pytest.raises(UserError, match="no such file"):
        make_detector("auto", models=[tmp_path / "none.onnx"])


def test_an_interrupted_detection_keeps_what_it_has(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", gradient_pictures(30))
    joints = np.random.default_rng(0).uniform(40, 200, (30, 1, 17, 2))

    class Interrupted(KnownDetector):
        def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
            if self.calls == 12:
                raise KeyboardInterrupt
            return super().detect(picture, time_s)

    found = detect_video(path, DetectOptions(Interrupted(joints)), tmp_path / "d.npz", show=False)
    assert found.stopped
    assert read_keypoints(tmp_path / "d.npz").video.frames == 12
    whole = KnownDetector(joints)
    assert not detect_video(path, DetectOptions(whole), tmp_path / "d.npz", show=False).stopped
    assert whole.calls == 30


def test_the_command_goes_from_a_video_to_the_overlay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: dict[str, KnownDetector]
) -> None:
    import av

    clips = make_synthetic_clips(3, 1, 40)
    scale = SIZE / clips.image_size[0]
    path = write_video(tmp_path / "a ü b.mp4", gradient_pictures(40), rate=Fraction(30000, 1001), sound=True)
    register("known", lambda mode, models: KnownDetector(clips.keypoints[:40, None] * scale))
    words = ["predict", str(path), "--output", str(tmp_path / "out"), "--detector", "known", "--export", "mp4,html"]
    try:
        assert main(words) == 0
    finally:
        DETECTORS.pop("known", None)
    assert json.loads((tmp_path / "out/person_00/summary.json").read_text())["frames"] == 40
    with av.open(str(tmp_path / "out/overlay.mp4")) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, video.average_rate) == (40, Fraction(30000, 1001))
        assert abs(float(sound.duration * sound.time_base) - 40 / 30) < 0.15
        assert len(list(container.decode(video))) == 40
    assert len(person_clips(read_keypoints(tmp_path / "out/detections.npz")).keypoints) == 40
    assert read_info(tmp_path / "out/video.mp4").frames == 40
    assert '"source":"video.mp4"' in (tmp_path / "out/result.html").read_text()
    assert '"source":"../video.mp4"' in (tmp_path / "out/person_00/result.html").read_text()


@pytest.mark.slow
def test_mediapipe_finds_the_person_of_a_real_video() -> None:
    pytest.importorskip("mediapipe", reason="needs the extra mediapipe")
    if not VIDEOS.is_dir():
        pytest.skip("needs the shared sample videos")
    found = detect(VIDEOS / "taiji.mp4", detector="mediapipe", end_s=4.0)
    person = found.people[0]
    inside = ((person.keypoints_px >= (390, 40)) & (person.keypoints_px <= (900, 712))).all(-1)
    sure = person.confidence > 0.5
    assert len(person.frames) == 96
    assert (inside | ~sure).all(axis=1).mean() >= 0.95


def test_the_overlay_changes_pixels_on_the_body_and_nowhere_else(tmp_path: Path) -> None:
    from pn3d.body.builtin import builtin_body
    from pn3d.detectors import read_keypoints
    from pn3d.video.figures import make_figures
    from pn3d.video.overlay import grey_background, overlay_frames

    clips = make_synthetic_clips(3, 1, 30)
    width, height = clips.image_size[0].tolist()
    np.save(tmp_path / "walk.npy", np.concatenate([clips.keypoints[:30], clips.confidence[:30, :, None]], axis=-1))
    found = read_keypoints(tmp_path / "walk.npy", layout="h36m17", fps=30, image_size=(width, height))
    prediction = predict(load_weights(), person_clips(found))
    figures = make_figures([(prediction, 0)], found.people, builtin_body())
    background = grey_background(30, (width, height), 30)
    empty = next(iter(background.pictures))[1]
    drawn = list(overlay_frames(figures, grey_background(30, (width, height), 30), 30, "body"))
    assert len(drawn) == 30
    for frame, joints in zip(drawn, prediction.reprojected_px, strict=True):
        changed = (frame[:height, :width] != empty).any(-1)
        for x, y in np.round(joints[[0, 1, 2, 4, 5, 7, 8]]).astype(int):  # joints that lie inside the body
            if 0 <= x < width and 0 <= y < height:
                assert changed[y, x]
        rows, columns = np.nonzero(changed)
        margin = 0.25 * np.ptp(joints[:, 1])
        assert joints[:, 0].min() - margin < columns.min() <= columns.max() < joints[:, 0].max() + margin
        assert joints[:, 1].min() - margin < rows.min() <= rows.max() < joints[:, 1].max() + margin
        assert changed.mean() < 0.5


def test_bodies_and_bones_are_drawn_where_points_are_projected() -> None:
    from pn3d.geometry.skeleton import H36M17
    from pn3d.video.rasterise import draw_surfaces
    from pn3d.video.side_view import draw_bones

    intrinsics = np.array([700.0, 720.0, 300.3, 181.6])  # the axis off the middle, pixels not square
    corners = 0.012 * np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)
    faces = np.array([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]], np.int32)
    for point in np.random.default_rng(0).uniform((-0.9, -0.5, 2.5), (0.9, 0.5, 5), (20, 3)):
        picture = np.zeros((360, 640, 3), np.uint8)
        body = ((point + corners).astype(np.float32), np.ones((6, 3), np.float32))
        draw_surfaces(picture, faces, [body], intrinsics, 1.0)
        rows, columns = np.nonzero(picture[..., 0])
        pixel = point[:2] / point[2] * intrinsics[:2] + intrinsics[2:]
        assert np.linalg.norm(pixel - (columns.mean(), rows.mean())) < 0.7
    row = [
        (point + corners).astype(np.float32)
        for point in np.random.default_rng(1).uniform((-2, -1, 6), (2, 1, 9), (100, 3))
    ]
    crowd, one_by_one = np.full((2, 360, 640, 3), 100, np.uint8)
    draw_surfaces(crowd, faces, [(one, np.ones((6, 3), np.float32)) for one in row], intrinsics, 1.0)
    for one in row:
        draw_surfaces(one_by_one, faces, [(one, np.ones((6, 3), np.float32))], intrinsics, 1.0)
    assert np.array_equal(crowd, one_by_one), "a hundred bodies leave the rest of the picture as it is"
    joints = np.full((17, 2), 100.25)
    joints[H36M17.index("left_wrist")] = 140.5, 100.25  # one bone from the elbow
    picture = np.zeros((200, 200, 3), np.uint8)
    draw_bones(picture, joints, (1.0, 1.0, 1.0))
    rows, columns = np.nonzero(picture[..., 0] > 120)
    drawn = np.array([columns.max(), columns.min(), rows.mean()])
    assert np.abs(drawn - (140.5, 100.25, 100.25)).max() < 2.5  # half the width of the line is in it


def test_the_webcam_example_streams_a_file_in_the_place_of_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import runpy

    clips = make_synthetic_clips(3, 1, 40)
    joints = clips.keypoints[:40, None] * (SIZE / clips.image_size[0])
    people = [seen[: 0 if 20 <= frame < 25 else 1] for frame, seen in enumerate(joints)]  # nobody for a moment
    path = write_video(tmp_path / "a.mp4", gradient_pictures(40))
    monkeypatch.setattr("sys.argv", ["webcam.py", str(path)])
    monkeypatch.setattr("pn3d.video.detectors.make_detector", lambda name: KnownDetector(people))
    runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples/webcam.py"))
    lines = capsys.readouterr().out.splitlines()
    assert 5 < len(lines) <= 40
    assert lines[-1].startswith("39 [")
