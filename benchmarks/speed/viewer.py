"""Size, start and frame rate of ``result.html`` in headless Chromium: ``python -m benchmarks.speed.viewer [PAGE]``.

Without PAGE: ten seconds at 30 frames a second on the built-in body with its 5,654 vertices, keypoints, reprojection,
teacher and flags, written to a temporary folder. It plays for a while at each window size; the rate is that of frames
really drawn, after the page has settled on a level of detail. Without a graphics card Chromium draws with SwiftShader,
a program on the processor, so run it on an idle machine; ``cpu_ms_per_frame``, the time of all processes of the browser
together, says what two free cores could do where there are none.

``python -m benchmarks.speed.viewer PAGE --picture FILE.png --frame N`` takes a picture instead, such as the README's.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.accuracy.export_check import benchmark_motion
from pn3d.export.viewer import write_viewer
from tools.headless_browser import Browser, find_chromium

_APART = "pn3dViewer.footage?.begun ? Math.abs(pn3dViewer.pictureFrame() - pn3dViewer.frame) : 0"
SIZES = ((1280, 900), (1920, 1080))


def cpu_s(root: int) -> float:
    """Processor time so far of a process and all that descend from it (Linux; 0 elsewhere)."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended in between
            continue
        pid = int(stat.parent.name)
        parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    total = 0
    for start in ticks:
        pid = start
        while pid in parents and pid != root:
            pid = parents[pid]
        total += ticks[start] if pid == root else 0
    return total / os.sysconf("SC_CLK_TCK")


def play(page: Path, executable: str, size: tuple[int, int], settle_s: float, seconds: float) -> dict[str, object]:
    """One window: what it took to start, frames drawn per second while playing, and what the console said."""
    with Browser(executable, size, timeout_s=120.0) as browser:
        began = time.perf_counter()
        browser.open(page)
        browser.wait("window.pn3dViewer && pn3dViewer.drawn > 0")
        started_s = time.perf_counter() - began
        browser.evaluate("pn3dViewer.play(true)")
        time.sleep(settle_s)
        before, spent_s, began = browser.evaluate("pn3dViewer.drawn"), cpu_s(browser.process_id), time.perf_counter()
        time.sleep(seconds)
        drawn = browser.evaluate("pn3dViewer.drawn") - before
        rate, spent_s = drawn / (time.perf_counter() - began), cpu_s(browser.process_id) - spent_s
        apart = [browser.evaluate(_APART) for _ in range(20)]
        width, height = browser.evaluate("[pn3dViewer.scene.canvas.width, pn3dViewer.scene.canvas.height]")
        shadows, detail = browser.evaluate("[pn3dViewer.scene.shadows, pn3dViewer.detail]")
        return {
            "start_s": round(started_s, 2),
            "frames_per_s": round(rate, 1),
            "cpu_ms_per_frame": round(1000 * spent_s / max(drawn, 1), 1),
            "scene_px": f"{width} x {height}",
            "shadows": shadows,
            "detail": round(detail, 2),
            "frames_from_video": max(apart),
            "errors": browser.errors,
            "requests_elsewhere": [url for url in browser.requests if not url.startswith(("file:", "data:", "blob:"))],
        }


def take_picture(page: Path, executable: str, picture: Path, frame: int) -> None:
    """The page at one frame."""
    with Browser(executable, (1280, 920), timeout_s=120.0) as browser:
        browser.open(page)
        browser.wait("window.pn3dViewer && pn3dViewer.drawn > 0")
        browser.evaluate(f"pn3dViewer.seek({frame})")
        browser.wait("!pn3dViewer.dirty")
        browser.screenshot(picture)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Size, start and frame rate of result.html in headless Chromium.")
    parser.add_argument("page", type=Path, nargs="?")
    parser.add_argument("--settle", type=float, default=6.0, help="seconds played before it is timed")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--picture", type=Path, help="only take a picture of PAGE")
    parser.add_argument("--frame", type=int, default=0)
    options = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        raise SystemExit("no Chromium or Chrome was found")
    if options.picture:
        take_picture(options.page, executable, options.picture, options.frame)
        return
    with tempfile.TemporaryDirectory() as folder:
        page = options.page or write_viewer(Path(folder) / "result.html", benchmark_motion(np.zeros(10)))
        print(f"{page}: {page.stat().st_size / 1e6:.2f} MB; load of the machine {os.getloadavg()[0]:.1f}")
        for size in SIZES:
            print(f"{size[0]} x {size[1]}: {play(page, executable, size, options.settle, options.seconds)}", flush=True)


if __name__ == "__main__":
    main()
