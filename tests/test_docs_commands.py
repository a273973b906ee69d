"""Every command of README and docs is run, on small stand-ins of the files that it names and with few small steps."""

import argparse
import importlib
import importlib.util
import re
import runpy
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pn3d.commands import eval as eval_command
from pn3d.commands import train as train_command
from pn3d.commands.main import main
from pn3d.config.presets import PRESETS
from pn3d.synthetic.scenes import make_synthetic_clips
from tests.support.doc_files import FRAMES, write_detections, write_doc_files, write_predictions, write_views
from tests.test_docs import PAGES, ROOT, commands_of

# Weights that ship keep the size of their networks; what is trained from nothing is as small as can be.
TINY_MODEL = {name: value for name, value in PRESETS["tiny"].items() if name.startswith(("model.", "augment."))}
FEW_STEPS = {
    **{f"{stage}.optimiser.steps": 2 for stage in ("teacher", "student", "joint")},
    **{f"{stage}.optimiser.batch_size": 8 for stage in ("teacher", "student", "joint")},
    "data.builtin_clips": 4,
    "data.builtin_frames": FRAMES,
    "data.added_clips": 0,
    "run.steps_per_dispatch": 1,
    "run.checkpoint_every": 200,
    "run.digest_every": 1,
}
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
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """One folder of stand-ins per page, in which its commands are run one after the other."""
    stand_ins, root = tmp_path_factory.mktemp("stand-ins"), tmp_path_factory.mktemp("pages")
    write_doc_files(stand_ins)
    (stand_ins / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "kick.json", stand_ins / "examples")
    return cache(lambda page: Path(shutil.copytree(stand_ins, root / page)))


def _prepare(words: list[str], folder: Path) -> None:
    """Files whose name stands for several things get what this command means by it."""
    if "--predictions" in words:
        theirs, truth = (folder / words[words.index(option) + 1] for option in ("--predictions", "--data"))
        write_predictions(theirs, truth)
    if "--cross-view" in words and "FILE.npz" in words:
        write_views(folder / "FILE.npz")
    if "RUN" in words and not (folder / "RUN").exists():
        assert main(["train", "--preset", "tiny", "--run", "RUN", "--eval", "D.npz"]) == 0
    if "walk.json" in words:
        (folder / "walk.json").unlink(missing_ok=True)
        halpe = "halpe26" in words
        write_detections(folder / "walk.json", *(("mmpose bare", "halpe26") if halpe else ("mediapipe objects", None)))


def _cases() -> list[object]:
    """The commands in the order of the pages: later ones use what earlier ones wrote."""
    return [
        pytest.param(page, command, words, id=f"{page}-{command} {' '.join(words)[:60]}")
        for page, command, words in _commands()
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command", "words"), _cases())
def test_every_command_runs(
    page: str, command: str, words: list[str], folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "walk.mp4" in words[:1]:
        pytest.skip("pictures of a person and a detector are needed; tests/video has both sides of it")
    if "--video" in words and "html" in words and importlib.util.find_spec("av") is not None:
        pytest.skip("where videos can be read, the page wants its pictures; tests/video has them")
    folder = folder_of(page)
    monkeypatch.chdir(folder)
    for name in PRESETS:
        model = {} if "--init" in words else TINY_MODEL
        monkeypatch.setitem(PRESETS, name, PRESETS[name] | model | FEW_STEPS)
    for module in (train_command, eval_command):
        monkeypatch.setattr(module, "held_out_clips", lambda: make_synthetic_clips(3, 2, FRAMES))
    _prepare(words, folder)
    few = [f"{name}={value}" for name, value in FEW_STEPS.items() if not name.startswith(("teacher", "joint"))]
    more = ["--set", *few, "--eval", "D.npz"] if command == "adapt-body" else []
    if "--help" in words:
        with pytest.raises(SystemExit, match="0"):
            main([command, *words])
        return
    words = [re.sub(r"steps=\d+$", "steps=2", word) for word in words]
    assert main([command, *words, *more]) == 0


class ParsedError(Exception):
    """A command line was taken by its own parser."""


@pytest.mark.slow
@pytest.mark.parametrize(("module", "rest"), _modules())
def test_every_benchmark_and_tool_takes_the_words_that_are_written(
    module: str, rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They measure for minutes; here each is imported and its parser, where it has one, takes the words."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    parse = argparse.ArgumentParser.parse_args

    def parsed(*arguments: object, **named: object) -> None:
        parse(*arguments, **named)  # type: ignore[arg-type, call-overload]
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    monkeypatch.setattr(sys, "argv", [module, *rest.split()])
    try:
        if "ArgumentParser" not in Path(spec.origin).read_text():
            importlib.import_module(module)
            return
        with pytest.raises(ParsedError):
            runpy.run_module(module, run_name="__main__")
    except ModuleNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed")


def test_commands_of_both_kinds_are_found() -> None:
    assert len(_commands()) > 40
    assert len(_modules()) > 15
