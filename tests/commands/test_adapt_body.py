"""Weights of one body carried over to another: what is kept, what is learnt, what is refused, what the card says."""

import json
import os
import pickle
import signal
from pathlib import Path

import jax
import numpy as np
import pytest

from pn3d.body.smpl_file import load_body
from pn3d.commands.main import main
from pn3d.config import parse_overrides, preset
from pn3d.data.clips import write_clips
from pn3d.inference.weights import Weights, load_weights, save_weights
from pn3d.models.student import SHAPES
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.training import adapt
from pn3d.training.loop import Reporter
from pn3d.training.run_folder import RunFolder
from pn3d.training.state import init_state
from tests.support import tiny
from tools.stand_ins.smpl_files import in_file_layout, random_smpl, write_python2_pickle

FEW = ["data.builtin_clips=2", "data.builtin_frames=12", "student.optimiser.steps=60"]
FEW += ["student.optimiser.batch_size=8", "run.steps_per_dispatch=10", "run.digest_every=0", "run.checkpoint_every=30"]
SET_FEW = ["--set", *FEW]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny weights of the built-in body, an SMPL file of another body, clips with truth."""
    folder = tmp_path_factory.mktemp("adapt")
    body = tiny.scene().body
    teacher, student = (
        jax.tree.map(np.asarray, getattr(tiny.first_state(), name).params) for name in ("teacher", "student")
    )
    save_weights(folder / "old.npz", Weights(tiny.config(), teacher, student, body.name, body.sha256))
    save_weights(folder / "teacher.npz", Weights(tiny.config(), teacher, None, body.name, body.sha256))
    write_python2_pickle(folder / "OTHER.pkl", in_file_layout(random_smpl(5, vertices=60)), 2)
    write_clips(folder / "held.npz", tiny.clips())
    return folder


def adapt_words(files: Path, *more: str, body: str = "OTHER.pkl", weights: str = "old.npz") -> list[str]:
    named = ["adapt-body", str(files / body), "--weights", str(files / weights), "--eval", str(files / "held.npz")]
    return [*named, *more]


@pytest.fixture(scope="module")
def adapted(files: Path) -> Path:
    output = files / "new.npz"
    assert main(adapt_words(files, "--output", str(output), *SET_FEW)) == 0
    return output


def test_the_new_weights_speak_of_the_new_body_and_say_where_they_come_from(files: Path, adapted: Path) -> None:
    old, new, body = load_weights(files / "old.npz"), load_weights(adapted), load_body(files / "OTHER.pkl")
    assert (new.body_name, new.body_sha256) == ("OTHER", body.sha256)
    assert tiny.bitwise_equal(old.teacher, new.teacher)
    card = json.loads(adapted.with_suffix(".json").read_text())
    assert card["adapted_from"]["sha256"] == old.sha256
    assert card["adapted_from"]["body_name"] == old.body_name
    assert card["command"].startswith("pn3d ")
    assert card["seed"] == 0
    assert "SMPL model file" in card["licence"]
    errors = card["student_pa_mpjpe_mm"]
    assert errors["data"] == "held.npz"
    assert errors["before"] > 0
    assert errors["after"] > 0
    assert card["config"]["student"]["optimiser"]["steps"] == 60
    assert sorted(path.name for path in adapted.parent.iterdir() if path.name.startswith("new")) == [
        "new.json",
        "new.npz",
    ]


def test_predict_and_eval_take_the_weights_with_their_body_and_refuse_another(
    files: Path, adapted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, body = str(files / "held.npz"), ["--body", str(files / "OTHER.pkl")]
    predict = ["predict", clips, "--output", str(tmp_path / "out")]
    evaluate = ["eval", "--data", clips]
    for words in (predict, evaluate):
        for weights, own in ((adapted, body), (files / "old.npz", [])):
            other = [] if own else body
            capsys.readouterr()
            assert main([*words, "--weights", str(weights), *other]) == 2
            said = capsys.readouterr().err.strip()
            assert len(said.splitlines()) == 1, said
            assert "the weights speak of body" in said
            assert "pn3d adapt-body SMPL_FILE --weights FILE" in said
            assert not (tmp_path / "out").exists()
    assert main([*evaluate, "--weights", str(adapted), *body]) == 0
    assert main([*predict, "--weights", str(adapted), *body]) == 0
    with np.load(tmp_path / "out" / "prediction.npz") as found:
        assert str(found["body_name"]) == "OTHER"


def test_the_start_is_the_old_student_but_for_what_is_the_bodys_own(files: Path) -> None:
    old, config = load_weights(files / "old.npz"), tiny.config(seed=3)
    student = jax.tree.map(lambda leaf: leaf + 1.0, old.student)
    state = adapt.warm_state(config, old.teacher, student)
    fresh = init_state(config)
    for name, params in state.student.params.items():
        source = fresh.student.params if name in adapt.OF_THE_BODY else student
        assert tiny.bitwise_equal(params, source[name]), name
    assert set(adapt.OF_THE_BODY) < set(state.student.params)
    assert tiny.bitwise_equal(state.teacher.params, old.teacher)


def test_without_overrides_the_run_is_of_minutes_whatever_the_training_was() -> None:
    config = adapt.adaptation_config(preset("human36m"), {})
    assert config.model == preset("human36m").model
    assert config.student.optimiser.steps * config.student.optimiser.batch_size < 1_000_000


@pytest.mark.slow
def test_a_stopped_run_is_resumed_by_the_same_command(
    files: Path, adapted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "new.npz"
    first = adapt.run_stage

    def interrupted(*arguments: object) -> object:
        reporter = arguments[-1]
        assert isinstance(reporter, Reporter)
        os.kill(os.getpid(), signal.SIGTERM)
        return first(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(adapt, "run_stage", interrupted)
    assert main(adapt_words(files, "--output", str(output), *SET_FEW)) == 128 + signal.SIGTERM
    assert not output.exists()
    monkeypatch.setattr(adapt, "run_stage", first)
    assert main(adapt_words(files, "--output", str(output), *SET_FEW)) == 0
    assert load_weights(output).sha256 == load_weights(adapted).sha256


def test_mistakes_are_one_line_and_status_2(
    files: Path, adapted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few_shapes = random_smpl(6, vertices=60, betas=SHAPES - 2)
    (files / "FEW.pkl").write_bytes(pickle.dumps(few_shapes, 2))
    (files / "BROKEN.pkl").write_bytes(b"no pickle")
    out = ["--output", str(tmp_path / "out.npz")]
    cases = {
        "there is no such file": adapt_words(files, *out, body="missing.pkl"),
        "not a pickle": adapt_words(files, *out, body="BROKEN.pkl"),
        "8 shape coefficients, a student needs 10": adapt_words(files, *out, *SET_FEW, body="FEW.pkl"),
        "does not exist": adapt_words(files, *out, weights="missing.npz"),
        "hold no student yet": adapt_words(files, *out, weights="teacher.npz"),
        "speak of body 'OTHER' already": adapt_words(files, *out, weights="new.npz"),
        "ends in .npz": adapt_words(files, "--output", str(tmp_path / "out.pkl")),
        "there is no folder": adapt_words(files, "--output", str(tmp_path / "no" / "out.npz")),
        "is read here": adapt_words(files, "--output", str(files / "old.npz")),
        "the networks are those of the weights": adapt_words(files, *out, "--set", "model.width=8"),
        "config has no": adapt_words(files, *out, "--set", "student.speed=8"),
    }
    for expected, words in cases.items():
        capsys.readouterr()
        assert main(words) == 2, expected
        said = capsys.readouterr().err.strip()
        assert len(said.splitlines()) == 1, said
        assert expected in said
    assert not list(tmp_path.glob("out*"))


def test_the_new_body_learns_from_the_teacher(files: Path, tmp_path: Path) -> None:
    old, body = load_weights(files / "old.npz"), load_body(files / "OTHER.pkl")
    assert old.student is not None
    config = adapt.adaptation_config(tiny.config(), parse_overrides(FEW))
    clips = make_synthetic_clips(0, 2, 12)
    with RunFolder(tmp_path) as folder:
        reporter = Reporter(say=lambda _: None)
        marks = tiny.scene().landmarks
        adapt.adapt_student(config, old.teacher, old.student, body, marks, clips, folder, reporter)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [row["loss/distillation"] for row in rows]
    assert losses[-1] < 0.85 * losses[0]
