"""What is no video, what cannot be written, who is hardly seen, and Ctrl-C: one line, or what is finished kept."""

import os
import resource
import signal
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra video (PyAV)")
pytest.importorskip("cv2", reason="needs the extra video (OpenCV)")

from pn3d.api import detect
from pn3d.commands import predict as predict_command
from pn3d.commands.main import main
from pn3d.files.errors import UserError
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.video import looks_like_video
from pn3d.video.decode import read_info
from pn3d.video.detectors import DETECTORS
from pn3d.video.encode import write_mp4
from pn3d.video.overlay import Background, write_overlay
from pn3d.video.progress import progress
from tests.support.video_files import SIZE, KnownDetector, gradient_pictures, write_video

FRAMES = 40


@pytest.fixture(scope="module")
def walk() -> np.ndarray:
    """(T, 1, 17, 2) px of one person."""
    clips = make_synthetic_clips(3, 1, FRAMES)
    return clips.keypoints[:FRAMES, None] * (SIZE / clips.image_size[0])


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "a.mp4", gradient_pictures(FRAMES))


def register(monkeypatch: pytest.MonkeyPatch, detector: KnownDetector) -> KnownDetector:
    monkeypatch.setitem(DETECTORS, "known", lambda mode, models: detector)
    return detector


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("command", ["predict", "detect"])
def test_a_folder_of_videos_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_video(folder / name, gradient_pictures(3))
    assert main([command, str(folder), "--output", str(tmp_path / "out")]) == 2
    assert "2 files in it; expected one video" in one_line(capsys)
    (folder / "frame.json").write_text("{}")
    assert not looks_like_video(folder), "a folder with a detector's files is theirs"


def test_where_nothing_can_be_written_nothing_is_detected(
    tmp_path: Path, video: Path, walk: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    detector = register(monkeypatch, KnownDetector(walk))
    place = tmp_path / "none" / "d.npz"
    assert main(["detect", str(video), "--output", str(place), "--detector", "known"]) == 2
    assert "cannot write" in one_line(capsys)
    assert detector.calls == 0


def test_a_person_who_is_hardly_seen_is_told(video: Path, walk: np.ndarray) -> None:
    people = [walk[i] if 20 <= i < 25 else np.zeros((0, 17, 2)) for i in range(FRAMES)]
    found = detect(video, detector=KnownDetector(people))
    assert len(found.people[0].frames) == 5
    assert any("seen in 5 of 40 frames" in sentence for sentence in found.warnings)


def test_a_hundred_people_are_a_hundred_tracks(video: Path, walk: np.ndarray) -> None:
    places = np.array([(x, y) for x in range(10) for y in range(10)])[:, None] * [32, 24]
    crowd = [0.12 * walk[i] + places for i in range(FRAMES)]
    found = detect(video, detector=KnownDetector(crowd), all_people=True)
    assert [len(person.frames) for person in found.people] == [FRAMES] * 100
    assert any("100 people" in sentence for sentence in detect(video, detector=KnownDetector(crowd)).warnings)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (30, 240, 320, 3), dtype=np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # the disk says no to the rest, as a full one does
    try:
        with pytest.raises(UserError, match="cannot write"):
            write_mp4(tmp_path / "a.mp4", iter(noise), Fraction(30))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_overlay_is_kept_as_far_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def pictures() -> Iterator[tuple[float, np.ndarray]]:
        for i, picture in enumerate(gradient_pictures(200)):
            if i == 60:
                os.kill(os.getpid(), signal.SIGINT)
            yield float(i), picture

    before = signal.getsignal(signal.SIGINT)  # a shell that starts this in the background has it ignored
    background = Background(pictures(), 200, SIZE, Fraction(30))
    assert not write_overlay(tmp_path / "a.mp4", [], background, 30, show=False)
    kept = read_info(tmp_path / "a.mp4").frames
    assert 40 < kept < 100
    assert f"ends after {kept} of 200 frames" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupted_prediction_keeps_the_people_that_are_finished(
    tmp_path: Path, video: Path, walk: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    register(monkeypatch, KnownDetector(np.concatenate([0.5 * walk, 0.4 * walk + [160, 120]], axis=1)))
    real, calls = predict_command.predict, []

    def interrupted(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(predict_command, "predict", interrupted)
    out = tmp_path / "out"
    words = ["predict", str(video), "--output", str(out), "--detector", "known", "--all-people"]
    assert main(words) == 130
    assert "stopped: 1 of 2 people are finished" in capsys.readouterr().out
    assert (out / "person_00/summary.json").exists()
    assert not (out / "person_01/summary.json").exists()


def test_an_interrupted_command_ends_in_one_line(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pn3d.commands.detect.detect_into", stop)
    assert main(["detect", str(video), "--output", str(tmp_path / "d.npz")]) == 130
    assert "stopped" in one_line(capsys)


def test_progress_is_lines_in_a_log_and_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm", reason="needs the extra video (tqdm)")
    monkeypatch.setattr("pn3d.video.progress.LINE_EVERY_S", 0.0)
    assert list(progress([3, 4], 14, "drawing", frames_of=lambda item: item)) == [3, 4]
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("drawing: 7 of 14 frames, ")
    assert lines[2].startswith("drawing: 7 frames in ")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(progress([3, 4], 7, "drawing", frames_of=lambda item: item)) == [3, 4]
    assert "7/7" in capsys.readouterr().err
