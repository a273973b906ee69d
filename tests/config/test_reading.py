"""Configurations of older versions: retired settings, earlier defaults, round trips."""

import pytest

from pn3d.config import flatten, from_json, preset, to_json
from pn3d.config.reading import EARLIER_DEFAULTS, RETIRED
from pn3d.files.errors import UserError


def _with(values: dict, name: str, value: object) -> dict:
    *path, last = name.split(".")
    node = values
    for part in path:
        node = node[part]
    node[last] = value
    return values


@pytest.mark.parametrize("name", ["quick", "paper", "tiny", "human36m"])
def test_a_config_comes_back(name: str) -> None:
    assert from_json(to_json(preset(name))) == preset(name)


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_setting_is_read_where_it_is_neutral_and_refused_by_name_otherwise(name: str) -> None:
    assert from_json(_with(to_json(preset("cmu")), name, RETIRED[name])) == preset("cmu")
    other = "halves" if name == "model.parts" else True if RETIRED[name] is False else 1.0
    with pytest.raises(UserError, match=name):
        from_json(_with(to_json(preset("cmu")), name, other))


def test_a_changed_default_does_not_change_what_an_older_file_means() -> None:
    values = to_json(preset("cmu"))
    del values["model"]["temporal"], values["model"]["correct"], values["augment"]["noise"]
    flat = flatten(from_json(values))
    assert {name: flat[name] for name in EARLIER_DEFAULTS} == EARLIER_DEFAULTS
    assert flatten(preset("cmu"))["model.temporal"] == "conv"


def test_a_renamed_setting_is_read_by_its_earlier_name() -> None:
    values = to_json(preset("wild"))
    values["data"]["beside_clips"] = values["data"].pop("added_clips")
    assert from_json(values) == preset("wild")
    assert preset("wild").data.added_clips == 1400
