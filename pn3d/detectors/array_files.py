"""Arrays of joints in npy and npz: ``(frames, joints, 2 or 3)``, also with people, and scores in an array of their own.

rtmlib returns ``(keypoints, scores)``, HRNet's ``preds`` and ``maxvals``; saved by ``np.savez`` under any names, two
arrays of one shape but for the last axis are positions and their scores.
"""

import warnings
from typing import Any

import numpy as np

from pn3d.detectors.array_shapes import require_known_count, unflatten
from pn3d.detectors.collecting import shown
from pn3d.detectors.facts import is_time_key, rate_in, size_in, time_unit_s, times_in_seconds
from pn3d.detectors.frame_labels import frame_numbers
from pn3d.detectors.key_words import ANY_ID, FRAMES, doubt_keys, is_score_key, plain_key
from pn3d.detectors.records import NO_TRACK, Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError

LEAST_FRAMES, FOLLOWING = 8, 0.2
"""People of one frame are no frames of one person unless as many are a fifth as far apart as people of two frames."""


def read_array(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads an npy or npz of one person or several.

    Raises:
        UserError: another shape, two arrays that both could be the joints, or no layout given where the number of
            joints alone does not tell it.
    """
    content: Any = opened.content
    facts: dict[str, Any] = {}
    notes: list[str] = []
    scores = None
    if isinstance(content, dict):
        arrays = {key: _dense(value) for key, value in content.items()}
        key = _positions(arrays, opened.where)
        positions = arrays.pop(key)
        score_key = _scores(arrays, positions, opened.where)
        scores = arrays.pop(score_key) if score_key is not None else None
        frames = len(positions)
        names = _joint_names(arrays, positions.shape, opened.where)
        rows = frames * (positions.shape[1] if positions.ndim == 4 else 1)
        facts, left = _facts(arrays, frames, rows, opened.where)
        facts |= {} if names is None else {"joint_names": names}
        if left:
            notes.append(f"{opened.where}: left out: arrays {', '.join(shown(name) for name in left[:8])}")
    else:
        positions = _dense(content)
    if not isinstance(positions, np.ndarray) or positions.dtype.kind not in "fiub":
        raise UserError(f"{opened.where}: expected an array of numbers, found {shown(content)}")
    with np.errstate(invalid="ignore"):  # NaN that signal, in damaged files
        values = positions.astype(np.float64)
    if values.ndim == 2:
        values = unflatten(values, given.layout, opened.where)
    if values.ndim not in (3, 4) or values.shape[-1] not in (2, 3) or 0 in values.shape:
        raise UserError(f"{opened.where}: expected an array (frames, joints, 2 or 3), found {values.shape}")
    people = values if values.ndim == 4 else values[:, None]
    _refuse_people_first(people, opened.where)
    confidence = _confidence(people, scores, opened.where)
    if given.layout is None and "joint_names" not in facts:
        require_known_count(opened.where, people.shape[2])
    count, several = people.shape[:2]
    numbers, more = frame_numbers(facts.pop("labels", list(range(count))), opened.where)
    frame = np.repeat(numbers, several)
    points = people.reshape(-1, *people.shape[2:])
    there = np.isfinite(points[..., :2]).all(-1).any(-1) if several > 1 else np.ones(len(points), bool)
    track = facts.pop("tracks", np.full(len(points), NO_TRACK, np.int64))
    return [
        RawVideo(
            name=opened.name,
            frame=frame[there],
            keypoints=points[there, :, :2],
            confidence=confidence.reshape(len(points), -1)[there],
            track_id=track[there],
            listed_frames=np.unique(frame),
            notes=notes + more,
            **facts,
        )
    ]


def _dense(value: Any) -> Any:
    """An object array of frames with different numbers of people as one array, NaN where there is nobody."""
    if not isinstance(value, np.ndarray) or value.dtype != object or not value.ndim:
        return value
    parts = [np.asarray(part, np.float64) if isinstance(part, np.ndarray | list) else None for part in value.tolist()]
    filled = [part for part in parts if part is not None and part.size]
    if not filled or any(part.ndim != filled[0].ndim or part.shape[1:] != filled[0].shape[1:] for part in filled):
        return value
    most = max(len(part) for part in filled)
    if len(parts) * most * filled[0][0].size > 1 << 28:
        return value
    dense = np.full((len(parts), most, *filled[0].shape[1:]), np.nan)
    for row, part in zip(dense, parts, strict=True):
        if part is not None and part.size:
            row[: len(part)] = part
    return dense


def _positions(arrays: dict[str, Any], where: str) -> str:
    """The name of the array of joints."""
    shaped = {
        key: a
        for key, a in arrays.items()
        if isinstance(a, np.ndarray) and a.dtype.kind in "fiu" and a.ndim in (3, 4) and a.shape[-1] in (2, 3)
    }
    if len(shaped) > 1:  # of (N, 17, 3) and (N, 17, 2) nothing says which is meant
        named = [key for key in shaped if plain_key(key) in ("keypoints", "keypoints2d", "preds", "pose2d", "joints2d")]
        if len(named) != 1:
            raise UserError(
                f"{where}: {' and '.join(f'{key!r} {a.shape}' for key, a in list(shaped.items())[:4])} could both be "
                "the joints; keep one"
            )
        return named[0]
    if not shaped:
        raise UserError(
            f"{where}: expected one array (frames, joints, 2 or 3), a native keypoint file or a VideoPose3D file, "
            f"found {shown(arrays)}"
        )
    return next(iter(shaped))


def _joint_names(arrays: dict[str, Any], shape: tuple[int, ...], where: str) -> tuple[str, ...] | None:
    """The joints' names, taken out of ``arrays``, where one of them is as many words as there are joints."""
    found = [
        key
        for key, a in arrays.items()
        if isinstance(a, np.ndarray) and a.ndim == 1 and len(a) == shape[-2] and a.dtype.kind in "UO" and len(a) > 1
    ]
    found = [key for key in found if all(isinstance(word, str) for word in arrays[key].tolist())]
    if len(found) > 1:
        raise UserError(f"{where}: {' and '.join(map(repr, found[:4]))} could both be the joints' names; keep one")
    return tuple(map(str, arrays.pop(found[0]))) if found else None


def _scores(arrays: dict[str, Any], positions: np.ndarray, where: str) -> str | None:
    """The name of the array of the joints' scores."""
    fitting = [
        key
        for key, a in arrays.items()
        if isinstance(a, np.ndarray)
        and a.dtype.kind in "fiub"
        and (a.shape == positions.shape[:-1] or a.shape == (*positions.shape[:-1], 1))
    ]
    named = [key for key in fitting if is_score_key(key)]
    fitting = named or [key for key in fitting if not doubt_keys((key,))]
    if len(fitting) > 1:
        raise UserError(f"{where}: {' and '.join(map(repr, fitting[:4]))} could both be the scores; keep one")
    of_people = (positions.shape[:1], positions.shape[:-2])  # a score of each person is none of joints
    odd = [
        key
        for key, a in arrays.items()
        if is_score_key(key) and key not in fitting and getattr(a, "shape", None) not in of_people
    ]
    if not fitting and odd:
        found = getattr(arrays[odd[0]], "shape", None)
        raise UserError(f"{where}: {odd[0]!r} has shape {found}, which does not fit joints of shape {positions.shape}")
    return fitting[0] if fitting else None


def _confidence(people: np.ndarray, scores: np.ndarray | None, where: str) -> np.ndarray:
    """(T, P, J) from the array of scores, or the third number of joints; NaN where there is none."""
    if scores is not None:
        with np.errstate(invalid="ignore"):
            return scores.astype(np.float64).reshape(people.shape[:3])
    if people.shape[-1] == 2:
        return np.full(people.shape[:3], np.nan)
    return people[..., 2]


def _refuse_people_first(people: np.ndarray, where: str) -> None:
    """UserError for (people, frames, joints, 2 or 3): what would be the people of one frame follow one another."""
    frames, several = people.shape[:2]
    if frames < 2 or several < LEAST_FRAMES:
        return
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nobody there
        ways = [np.linalg.norm(np.diff(people[..., :2], axis=axis), axis=-1) for axis in (0, 1)]
        over_frames, over_people = (float(np.nanmedian(np.where(way > 0, way, np.nan))) for way in ways)  # 0: padding
    if over_people < FOLLOWING * over_frames:
        raise UserError(
            f"{where}: {frames} frames of {several} people, who move as one person does over time; expected "
            "(frames, people, joints, 2 or 3): are the first two axes exchanged?"
        )


def _facts(arrays: dict[str, Any], frames: int, rows: int, where: str) -> tuple[dict[str, Any], list[str]]:
    """Rate, size, frame numbers, ids and times of arrays named so; and the names of the others."""
    facts: dict[str, Any] = {}
    plain = {
        key: (value.item() if value.size == 1 else value.tolist())
        if isinstance(value, np.ndarray) and value.size <= 4
        else value
        for key, value in arrays.items()
    }
    if (rate := rate_in(plain)) is not None:
        facts["fps"] = rate
    if (size := size_in(plain)) is not None:
        facts["image_size"] = size
    left = []
    for key, value in arrays.items():
        name, flat = plain_key(key), np.asarray(value).reshape(-1)
        one = name.replace("indices", "index").removesuffix("s")
        whole = flat.dtype.kind in "fiu" and bool(np.isfinite(flat.astype(np.float64)).all())
        fits = len(flat) == frames and whole
        if fits and one in FRAMES:
            if len(np.unique(flat)) < frames:
                raise UserError(f"{where}: {key!r} has one frame number twice")
            facts["labels"] = flat.tolist()
        elif fits and is_time_key(key):
            times, note = times_in_seconds(flat.astype(np.float64), time_unit_s(key))
            if times is None:
                left.append(f"{key} ({note})" if note else key)
            else:
                facts["times"] = times
        elif one in ANY_ID and flat.dtype.kind in "iu" and len(flat) == rows:
            facts["tracks"] = flat.astype(np.int64)
        elif (
            rate_in({key: value}) is None
            and size_in({key: plain[key]}) is None
            and name not in ("width", "height", "w", "h")
        ):
            left.append(key)
    return facts, left
