"""Stage 1: the teacher learns to lift from 2D alone."""

import jax

from pn3d.config import Config
from pn3d.lifting.lifters import Params
from pn3d.training.batch import Batch
from pn3d.training.objectives import Scene, judged, teacher_cycle, teacher_terms
from pn3d.training.parallel import varying
from pn3d.training.terms import Terms, Verdicts, discriminator_gradients, judge_all, sum_terms


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of every player of the stage on one device's batch, and its metrics. Chen 2019, Eq. 2-7."""
    stage = config.teacher

    def teacher_loss(own: Params) -> tuple[jax.Array, tuple[Terms, Verdicts]]:
        cycle = teacher_cycle(scene, own, batch)
        said = judge_all(params, judged(batch, cycle.seen.window.xy), stage.discriminator)
        total, terms = sum_terms(teacher_terms(scene, cycle, batch, said, stage.loss))
        return total, (terms, said)

    own = varying(params["teacher"])
    (total, (terms, said)), of_teacher = jax.value_and_grad(teacher_loss, has_aux=True)(own)
    of_judges, seen = discriminator_gradients(params, said, stage.discriminator.gradient_penalty)
    metrics = {"loss/teacher": total} | {f"loss/{name}": value for name, value in terms.items()} | seen
    return {"teacher": of_teacher} | of_judges, metrics
