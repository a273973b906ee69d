"""Every command of README and docs is run, on small stand-ins of the files that it names and with few small steps."""

import argparse
import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from pn3d.commands import eval as eval_command
from pn3d.commands import train as train_command
from pn3d.commands.main import main
from pn3d.config.presets import PRESETS
from pn3d.synthetic.scenes import make_synthetic_clips
from tests.support.doc_files import FRAMES, write_detections, write_doc_files, write_predictions, write_views
from tests.test_docs import PAGES, ROOT, commands_of

TINY_MODEL = {name: value for name, value in PRESETS["tiny"].items() if name.startswith(("model.", "augment."))}
FEW_STEPS = {
    **{f"{stage}.optimiser.steps": 2 for stage in ("teacher", "student", "joint")},
    **{f"{stage}.optimiser.batch_size": 8 for stage in ("teacher", "student", "joint")},
    "data.builtin_clips": 4,
    "data.builtin_frames": FRAMES,
    "data.beside_clips": 0,
    "run.steps_per_dispatch": 1,
    "run.checkpoint_every": 200,
    "run.digest_every": 1,
}
TRAINED_FROM_NOTHING = ("cmu", "paper", "human36m")
"""Presets whose networks may be tiny here; those of the others must be as large as the weights that ship."""

TOOLS = re.compile(r"python -m ((?:benchmarks|tools)[.\w]+)((?: [^\s`…|]+)*)")


def _commands() -> list[tuple[str, str, list[str]]]:
    """(page, command, words), every command of a page once; a synopsis in brackets is none."""
    found: list[tuple[str, str, list[str]]] = [("README.md", "train", [])]
    for page in PAGES:
        for command, words in commands_of(page.read_text()):
            if (page.name, command, words) not in found and not any(word.startswith("[") for word in words):
                found.append((page.name, command, words))
    return found


def _modules() -> list[tuple[str, str]]:
    """(module, its words) of benchmarks and tools."""
    return sorted({(module, rest.strip()) for page in PAGES for module, rest in TOOLS.findall(page.read_text())})


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stand-ins")
    write_doc_files(folder)
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "kick.json", folder / "examples")
    assert main(["train", "--preset", "tiny", "--run", str(folder / "RUN"), "--eval", str(folder / "D.npz")]) == 0
    return folder


@pytest.fixture(scope="module")
def pages(stand_ins: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder per page, in which its commands are run one after the other."""
    root = tmp_path_factory.mktemp("pages")
    return {page.name: Path(shutil.copytree(stand_ins, root / page.name, symlinks=True)) for page in PAGES}


def _prepare(words: list[str], folder: Path) -> None:
    """Files whose name stands for several things get what this command means by it."""
    if "--predictions" in words:
        theirs, truth = (folder / words[words.index(option) + 1] for option in ("--predictions", "--data"))
        write_predictions(theirs, truth)
    if "--cross-view" in words and "FILE.npz" in words:
        write_views(folder / "FILE.npz")
    if "walk.json" in words:
        (folder / "walk.json").unlink(missing_ok=True)
        halpe = "halpe26" in words
        write_detections(folder / "walk.json", *(("mmpose bare", "halpe26") if halpe else ("mediapipe objects", None)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "command", "words"),
    _commands(),
    ids=lambda value: value if isinstance(value, str) else " ".join(value)[:60],
)
def test_every_command_runs(
    page: str, command: str, words: list[str], pages: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "walk.mp4" in words[:1]:
        pytest.skip("pictures of a person and a detector are needed; tests/video has both sides of it")
    monkeypatch.chdir(pages[page])
    for name in PRESETS:
        model = TINY_MODEL if name in TRAINED_FROM_NOTHING else {}
        monkeypatch.setitem(PRESETS, name, PRESETS[name] | model | FEW_STEPS)
    for module in (train_command, eval_command):
        monkeypatch.setattr(module, "held_out_clips", lambda: make_synthetic_clips(3, 2, FRAMES))
    _prepare(words, pages[page])
    few = [f"{name}={value}" for name, value in FEW_STEPS.items() if not name.startswith(("teacher", "joint"))]
    more = ["--set", *few, "--eval", "D.npz"] if command == "adapt-body" else []
    if "--help" in words:
        with pytest.raises(SystemExit, match="0"):
            main([command, *words])
        return
    assert main([command, *words, *more]) == 0


class ParsedError(Exception):
    """A command line was taken by its own parser."""


@pytest.mark.slow
@pytest.mark.parametrize(("module", "rest"), _modules())
def test_every_benchmark_and_tool_takes_the_words_that_are_written(
    module: str, rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They measure for minutes; here each is imported and its parser takes the words."""
    parse = argparse.ArgumentParser.parse_args

    def parsed(*arguments: object, **named: object) -> None:
        parse(*arguments, **named)  # type: ignore[arg-type, call-overload]
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    monkeypatch.setattr(sys, "argv", [module, *rest.split()])
    try:
        with pytest.raises(ParsedError):
            runpy.run_module(module, run_name="__main__")
    except ModuleNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed")


def test_commands_of_both_kinds_are_found() -> None:
    assert len(_commands()) > 40
    assert len(_modules()) > 15
