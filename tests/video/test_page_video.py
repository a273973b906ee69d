"""The video behind the 2D view of result.html: in step with the skeleton, whatever the user does."""

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra video (PyAV)")
pytest.importorskip("cv2", reason="needs the extra video (OpenCV)")

from pn3d.export.footage import Footage
from pn3d.export.viewer import write_people_viewer
from pn3d.files.errors import UserError
from pn3d.video import page_video
from pn3d.video.decode import read_frames, read_info, select
from pn3d.video.overlay import video_background
from pn3d.video.page_video import write_page_video
from tests.support.export_samples import sample_motion
from tests.support.video_files import write_video
from tools.headless_browser import Browser, find_chromium

FRAMES, RATE, FIRST = 52, 25, 10
LEVELS = 20 + 4 * np.arange(FRAMES)  # the grey of each frame tells its number


def background(path: Path) -> "page_video.Background":
    info = read_info(path)
    return video_background(info, select(info, None, None), RATE)


@pytest.fixture(scope="module")
def grey_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [np.full((360, 640, 3), level, np.uint8) for level in LEVELS]
    return write_video(tmp_path_factory.mktemp("grey") / "grey.mp4", pictures, rate=RATE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium was found (Debian: apt-get install chromium)")
    with Browser(executable, timeout_s=90.0) as running:
        yield running


@pytest.fixture(params=["inside", "beside"])
def page(request: pytest.FixtureRequest, browser: Browser, grey_video: Path, tmp_path: Path) -> Iterator[Browser]:
    footage = write_page_video(tmp_path / "video.mp4", background(grey_video), request.param == "inside", show=False)
    assert (footage.content is not None) == (request.param == "inside")
    if request.param == "inside":
        (tmp_path / "video.mp4").unlink()
    one = dataclasses.replace(
        sample_motion(frames=36, fps=RATE),
        footage=dataclasses.replace(footage, first_s=FIRST / RATE),
        time_s=(FIRST + np.arange(36)) / RATE,
    )
    other = dataclasses.replace(sample_motion(frames=20, fps=RATE), footage=footage, name="the other")
    browser.errors.clear()
    browser.open(write_people_viewer(tmp_path / "result.html", [one, other]))
    browser.wait("window.pn3dViewer && pn3dViewer.drawn > 0 && pn3dViewer.footage.shown !== null")
    # What the 2D view really shows is copied to a canvas of one pixel, whenever it is drawn.
    browser.evaluate(
        "(() => { const v = pn3dViewer, draw = v.drawPicture.bind(v), eye = document.createElement('canvas');"
        "const context = eye.getContext('2d', { willReadFrequently: true }); window.drawn = []; window.shown = [];"
        "v.drawPicture = () => { draw(); if (v.pictureStale || !v.footage.ready) return;"
        "if (v.playing && !v.footage.leads) return; let grey = null;"
        "try { context.drawImage(v.picture.canvas, 4, v.picture.canvas.height / 2, 1, 1, 0, 0, 1, 1);"
        "grey = context.getImageData(0, 0, 1, 1).data[0]; } catch (error) {}"
        "window.drawn.push([v.pictureFrame(), Math.round(v.footage.shown * 25), grey]); };"
        "const all = v.draw.bind(v); v.draw = () => { all();"
        "if (v.footage.ready) window.shown.push([v.frame, window.drawn.at(-1)?.[0] ?? v.frame]); }; })()"
    )
    yield browser
    assert browser.errors == []


def drawn(browser: Browser) -> np.ndarray:
    """(N, 3) of each 2D picture: frame of its skeleton, of the video by its clock, by its grey (NaN: unreadable)."""
    rows = browser.evaluate("window.drawn.splice(0)")
    values = np.array([[np.nan if value is None else value for value in row] for row in rows], np.float64)
    values[:, 2] = np.round((values[:, 2] - LEVELS[0]) / 4)
    return values


@pytest.mark.parametrize("speed", ["0.25", "1", "2"])
def test_video_and_skeleton_play_within_one_frame_of_each_other(page: Browser, speed: str) -> None:
    page.evaluate(
        f"(() => {{ const s = document.getElementById('speed'); s.value = '{speed}';"
        "s.dispatchEvent(new Event('change')); })()"
    )
    page.click("#play")
    page.wait("window.drawn.length > 12")
    page.click("#play")
    page.wait("pn3dViewer.footage.ready && !pn3dViewer.dirty")
    pictures, views = drawn(page), np.array(page.evaluate("window.shown"))
    assert len(np.unique(pictures[:, 0])) > 3, "it plays"
    assert np.abs(views[:, 0] - views[:, 1]).max() <= 1, "2D and 3D"
    assert (pictures[:, 0] == np.clip(pictures[:, 1] - FIRST, 0, 35)).all(), "the video goes on after the person"
    read = pictures[np.isfinite(pictures[:, 2])]
    assert np.abs(read[:, 2] - read[:, 1]).max(initial=0) <= 1


def test_scrubbing_shows_the_frame_that_was_asked_for(page: Browser) -> None:
    page.evaluate("for (let frame = 0; frame <= 30; frame += 3) pn3dViewer.seek(frame)")  # faster than a browser seeks
    for frame in (30, 0, 7, 35):
        page.evaluate(f"pn3dViewer.seek({frame})")
        page.wait(f"pn3dViewer.pictureFrame() === {frame} && pn3dViewer.footage.ready && !pn3dViewer.dirty")
        last = drawn(page)[-1]
        assert last[:2].tolist() == [frame, frame + FIRST]
        assert np.isnan(last[2]) or last[2] == frame + FIRST


def test_another_person_is_shown_at_the_same_moment(page: Browser) -> None:
    page.evaluate("pn3dViewer.seek(5)")
    choose = (
        "(() => { const s = document.getElementById('person'); s.value = %d; s.dispatchEvent(new Event('change')); })()"
    )
    page.evaluate(choose % 1)
    assert page.evaluate("[document.getElementById('title').textContent, pn3dViewer.frame]") == ["the other", 15]
    page.wait("Math.abs(pn3dViewer.footage.shown - 0.6) < 0.001 && !pn3dViewer.dirty")
    page.evaluate(choose % 0)
    assert page.evaluate("pn3dViewer.frame") == 5
    assert page.evaluate("document.querySelectorAll('#layers button').length") == 3


def test_the_picture_of_a_frame_is_saved(page: Browser, tmp_path: Path) -> None:
    import cv2

    page.evaluate("pn3dViewer.seek(20)")
    page.wait("pn3dViewer.pictureFrame() === 20 && pn3dViewer.footage.ready && !pn3dViewer.dirty")
    page.evaluate(
        "HTMLAnchorElement.prototype.click = function () { window.saved = this.download; fetchBlob(this.href); };"
        "window.fetchBlob = () => {};"
        "HTMLCanvasElement.prototype.toBlob = function (done) { window.png = this.toDataURL(); done(new Blob()); }"
    )
    page.click("#save")
    page.wait("window.saved")
    assert page.evaluate("window.saved") == "sample_walk__frame_20.png"
    data = base64.b64decode(page.evaluate("window.png").split(",")[1])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[0] > 1000
    assert picture.std() > 5
    inside = page.evaluate("pn3dViewer.footage.inside")
    assert (page.evaluate("document.getElementById('said').textContent") == "") == inside
    if inside:
        assert abs(int(picture[540, 10, 0]) - LEVELS[20 + FIRST]) <= 4


def test_a_page_without_its_video_says_so_and_plays(browser: Browser, tmp_path: Path) -> None:
    motion = dataclasses.replace(sample_motion(frames=30, fps=RATE), footage=Footage("none.mp4", RATE))
    browser.open(write_people_viewer(tmp_path / "result.html", [motion]))
    browser.wait("window.pn3dViewer && pn3dViewer.footage.failed")
    assert "none.mp4 cannot be shown" in browser.evaluate("document.getElementById('said').textContent")
    browser.click("#play")
    browser.wait("pn3dViewer.frame > 3")
    assert browser.evaluate("document.getElementById('who').hidden")


def test_the_video_of_a_page_is_small_and_of_the_same_frames(
    tmp_path: Path, grey_video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page_video, "SHORTER_SIDE", 180)
    footage = write_page_video(tmp_path / "video.mp4", background(grey_video), show=False)
    assert (footage.source, footage.rate, footage.first_s, footage.content) == ("video.mp4", RATE, 0.0, None)
    info = read_info(tmp_path / "video.mp4")
    assert (info.image_size, info.frames, info.rate) == ((320, 180), FRAMES, RATE)
    greys = [np.median(picture) for _, picture in read_frames(info, select(info, None, None))]
    assert np.abs(greys - LEVELS).max() <= 2
    monkeypatch.setattr(page_video, "EMBED_UP_TO_BYTES", 1000)
    assert write_page_video(tmp_path / "video.mp4", background(grey_video), True, show=False).content is None
    assert "beside the page" in capsys.readouterr().out
    with pytest.raises(UserError, match="cannot write"):
        write_page_video(tmp_path / "none" / "video.mp4", background(grey_video), show=False)
