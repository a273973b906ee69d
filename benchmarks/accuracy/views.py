"""What prediction shows to one of its steps: the inputs from which its odds are learnt."""

from typing import Any

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips, select
from pn3d.inference import placed
from pn3d.inference.predict import predict
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights


def views_of(step: str, clips: Clips) -> list[Any]:
    """The view that ``pn3d.inference.placed`` gives to ``step`` ("find_contacts", "find_flights") for each clip.

    Clips are predicted one by one: together they take turns in threads, in no order.
    """
    views: list[Any] = []
    find = getattr(placed, step)

    def listening(view: Any) -> Any:
        views.append(view)
        return find(view)

    weights, body, landmarks = load_weights(SHIPPED_WEIGHTS), builtin_body(), builtin_landmarks()
    setattr(placed, step, listening)
    try:
        for clip in range(clips.num_clips):
            predict(weights, select(clips, [clip]), body, landmarks)
    finally:
        setattr(placed, step, find)
    assert len(views) == clips.num_clips
    return views
