"""The words by which files say who somebody is, in which frame, how sure each joint is, … (``words.toml``).

Keys and headings are compared without case and marks: ``trackId``, ``track_id`` and ``Track ID`` are one word.
"""

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WORDS: dict[str, tuple[str, ...]] = {
    meaning: tuple(words)
    for meaning, words in tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8")).items()
}
"""Plain keys by what they mean, the clearest first."""
TRACKS, FRAMES = WORDS["tracks"], WORDS["frames"]
ANY_ID = (*TRACKS, "id")
ANY_FRAME = (*FRAMES, "index", "idx")
_LIKE_SCORES = re.compile(r"score|conf|visib|prob|likelihood|(?<!un)certain")
_NAMES_OF_JOINTS = re.compile(
    r"^(keypoint|kpt|kp|joint|landmark|bodypart|part|marker)s?(s?(name|order|label|list)s?)?$|^names$"
)
_LIKE_DOUBTS = re.compile(r"uncertain|variance|sigma|stddev|entropy")
LEAST_NAMES = 5
_OF_BOXES = re.compile(r"box|area|track|person")


@functools.lru_cache(maxsize=4096)
def plain_key(key: str) -> str:
    """``canvas_width``, ``CanvasWidth`` -> ``canvaswidth``."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def plain_keys(content: Mapping[Any, Any]) -> dict[str, Any]:
    """An object under plain keys."""
    return {plain_key(str(key)): value for key, value in content.items()}


@functools.lru_cache(maxsize=4096)
def keys_for(keys: tuple[Any, ...], words: tuple[str, ...]) -> tuple[Any, ...]:
    """Those keys that are among the words, in the words' order; of keys that are one word, the first."""
    plain = {plain_key(str(key)): key for key in reversed(keys)}
    return tuple(plain[word] for word in words if word in plain)


@functools.lru_cache(maxsize=4096)
def _score_keys(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    known = keys_for(keys, WORDS["joint_scores"])
    alike = [key for key in keys if key not in known and _LIKE_SCORES.search(plain_key(str(key)))]
    return (*known, *(key for key in alike if not _OF_BOXES.search(plain_key(str(key)))))


def score_key(keys: tuple[Any, ...]) -> Any:
    """The key of one point's score; None where it has none."""
    return next(iter((*_score_keys(keys), *keys_for(keys, ("c", "p", "s", "v")))), None)


@functools.lru_cache(maxsize=4096)
def _name_keys(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(key for key in keys if _NAMES_OF_JOINTS.search(plain_key(str(key))))


def joint_names(content: Mapping[Any, Any]) -> Iterator[tuple[str, ...]]:
    """Lists of words that an object gives as the names of its joints, in their order."""
    for key in _name_keys(tuple(content)):
        value = content[key]
        if isinstance(value, dict) and value and all(str(number).isdecimal() for number in value):
            value = [value[number] for number in sorted(value, key=lambda one: int(str(one)))]
        words = isinstance(value, list) and len(value) >= LEAST_NAMES and isinstance(value[0], str)
        if words and all(isinstance(name, str) for name in value):
            yield tuple(value)


def is_score_key(key: str) -> bool:
    """Whether a key names scores of joints."""
    return bool(_score_keys((key,)))


@functools.lru_cache(maxsize=4096)
def doubt_keys(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keys that say how unsure somebody's joints are, which nothing says how to make confidences of."""
    return tuple(key for key in keys if _LIKE_DOUBTS.search(plain_key(str(key))))


def values_for(content: Mapping[Any, Any], words: tuple[str, ...]) -> Iterator[Any]:
    """The values of an object's keys that are among ``words``, in the words' order."""
    return (content[key] for key in keys_for(tuple(content), words))


def joint_scores(person: Mapping[Any, Any]) -> list[Any] | None:
    """The scores of a person's joints that stand beside their places; None where there are none."""
    found = (person[key] for key in _score_keys(tuple(person)))
    return next((value for value in found if isinstance(value, list) and len(value) > 1), None)


def frame_labels(frames: Sequence[Any], words: tuple[str, ...] = FRAMES) -> list[Any]:
    """What each of the frames in a list calls itself; its place where they say nothing, or all the same."""
    named = [frame for frame in frames if isinstance(frame, dict)]
    known = {key for keys in {tuple(frame) for frame in named} for key in map(plain_key, map(str, keys))}
    for word in (word for word in words if word in known):
        labels = [next(values_for(frame, (word,)), None) for frame in named]
        told = all(isinstance(label, int | float | str) and not isinstance(label, bool) for label in labels)
        if told and (len(set(labels)) > 1 or len(labels) == 1):
            label = iter(labels)
            return [next(label) if isinstance(frame, dict) else i for i, frame in enumerate(frames)]
    return list(range(len(frames)))
