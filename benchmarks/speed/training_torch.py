"""The teacher stage in plain PyTorch, to compare speeds with; run by ``benchmarks.speed.training``, never imported.

Same widths, batch, draws per example, losses, optimisers and averages as ``pn3d/training/stages/teacher.py``, as one
writes them in eager PyTorch: autograd, ``torch.optim.Adam``, ``clip_grad_norm_``. Needs only torch and numpy
(``requirements-bench.txt``), in an environment of its own.

Reads ``JOB.npz`` (argument 1): frames, window starts, sizes and weights of the config, and optionally one batch with
parameters, whose loss terms it prints for comparison. Then every line ``N`` on stdin runs N steps and answers seconds.
"""

import json
import math
import sys
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as f

PELVIS = 0
Job = dict[str, Any]


class Block(nn.Module):
    """x + Dense(act(Dense(act(x))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, W) -> (B, W)."""
        return x + self.second(f.leaky_relu(self.first(f.leaky_relu(x))))


class Teacher(nn.Module):
    """The lifter: trunk ``flat`` or ``conv``, residual blocks, heads for pose and elevation."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        width, length = job["width"], job["window"]
        self.length, self.flat, self.basis = length, job["temporal"] == "flat", job["basis"]
        kernels, channels, frames = [], 51, length
        while frames > 1 and not self.flat:
            kernels.append(nn.Linear(3 * channels, width))
            channels, frames = width, frames // 3
        self.joins = nn.ModuleList([nn.Linear(51 * length, width)] if self.flat else kernels)
        self.blocks = nn.ModuleList(Block(width) for _ in range(job["blocks"]))
        self.pose = nn.Linear(width, self.basis.shape[1] * 51)
        self.hidden, self.elevation = nn.Linear(width, width // 2), nn.Linear(width // 2, 1)

    def forward(self, xy: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, 17, 2), (B, T, 17) -> the network's own 2D, depths, elevation."""
        batch = len(xy)
        x = torch.cat([xy * (confidence > 0)[..., None], confidence[..., None]], -1).reshape(batch, self.length, 51)
        if self.flat:
            x = self.joins[0](x.reshape(batch, -1))
        else:
            x = self.joins[0](x.reshape(batch, self.length // 3, -1))
            for join in self.joins[1:]:
                triples = x.reshape(batch, x.shape[1] // 3, -1)
                width = triples.shape[-1] // 3
                x = triples[..., width : 2 * width] + join(f.leaky_relu(triples))
            x = x[:, 0]
        for block in self.blocks:
            x = block(x)
        x = f.leaky_relu(x)
        pose = torch.einsum("bkc,tk->btc", self.pose(x).reshape(batch, self.basis.shape[1], 51), self.basis)
        pose = pose.reshape(batch, self.length, 17, 3)
        elevation = 1.2 * torch.tanh((0.2 + self.elevation(f.leaky_relu(self.hidden(x)))[:, 0]) / 1.2)
        return pose[..., :2], pose[..., 2] - pose[..., PELVIS : PELVIS + 1, 2], elevation


class Discriminator(nn.Module):
    """A residual network on a flat vector."""

    def __init__(self, inputs: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(inputs, width), nn.Linear(width, 1)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C) -> (B,) logits."""
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.last(f.leaky_relu(x))[:, 0]


def rotation(axis: str, angle: Tensor) -> Tensor:
    """(B,) -> (B, 3, 3), right-handed, about x or y."""
    c, s, one, zero = torch.cos(angle), torch.sin(angle), torch.ones_like(angle), torch.zeros_like(angle)
    rows = [one, zero, zero, zero, c, -s, zero, s, c] if axis == "x" else [c, zero, s, zero, one, zero, -s, zero, c]
    return torch.stack(rows, -1).reshape(-1, 3, 3)


def lift(xy: Tensor, depth: Tensor, c: Tensor) -> Tensor:
    """Window coordinates and depths -> points of the unit camera."""
    z = (c[:, None, None] + depth).clamp(min=1.0)
    return torch.cat([xy * (z / c[:, None, None])[..., None], z[..., None]], -1)


def project(points: Tensor, c: Tensor) -> Tensor:
    """Points -> window coordinates."""
    return points[..., :2] / points[..., 2:].clamp(min=1.0) * c[:, None, None, None]


def turn(points: Tensor, matrix: Tensor, c: Tensor) -> Tensor:
    """Rotation about (0, 0, c)."""
    root = torch.stack([torch.zeros_like(c), torch.zeros_like(c), c], -1)[:, None, None]
    turned = torch.einsum("bij,btnj->btni", matrix, points - root) + root
    return torch.cat([turned[..., :2], turned[..., 2:].clamp(min=1.0)], -1)


def size_of(rays: Tensor, confidence: Tensor, job: Job) -> Tensor:
    """The 0.8 quantile of measured segments over their human lengths. -> (B,)."""
    a, b = job["segments"]
    ratios = ((rays[..., a, :] - rays[..., b, :]).square().sum(-1) + 1e-12).sqrt() / job["segment_lengths"]
    measured = (confidence[..., a] > 0) & (confidence[..., b] > 0)
    ordered = ratios.masked_fill(~measured, torch.inf).flatten(1).sort(-1).values
    count = measured.flatten(1).sum(-1)
    picked = ordered.gather(1, (0.8 * (count - 1).clamp(min=0)).long()[:, None])[:, 0]
    return torch.where(count > 0, torch.where(picked.isfinite(), picked, 0.1).clamp(min=1e-4), 0.1)


def draw_windows(job: Job) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: gathered, flipped, joints dropped, sized. -> xy and confidence as seen, and the clean confidence."""
    batch, length = job["batch"], job["window"]
    starts = job["starts"][torch.randint(len(job["starts"]), (batch,))]
    rows = starts[:, None] + torch.arange(length)
    rays, confidence = job["rays"][rows], job["confidence"][rows]
    flip = torch.rand(batch) < 0.5
    mirrored = rays[:, :, job["mirror"]] * torch.tensor([-1.0, 1.0])
    rays = torch.where(flip[:, None, None, None], mirrored, rays)
    confidence = torch.where(flip[:, None, None], confidence[:, :, job["mirror"]], confidence)
    return rays, drop_joints(confidence, job), confidence


def drop_joints(confidence: Tensor, job: Job) -> Tensor:
    """COCO's missing joints, single joints over a span, or a limb, of a share of the windows."""
    batch, length = confidence.shape[:2]
    ends = torch.randint(length, (batch, 2)).sort(-1).values
    time_ = torch.arange(length)
    span = (time_ >= ends[:, :1]) & (time_ <= ends[:, 1:])
    single = torch.rand(batch, 17).argsort(-1).argsort(-1) < torch.randint(1, 4, (batch, 1))
    choices = torch.stack(
        [
            job["not_in_coco"].expand(batch, length, 17),
            span[..., None] & single[:, None],
            job["parts"][torch.randint(len(job["parts"]), (batch,))][:, None].expand(batch, length, 17),
        ],
        1,
    )
    kind = torch.multinomial(torch.tensor([0.5, 0.25, 0.25]), batch, replacement=True)
    gone = choices[torch.arange(batch), kind] & (torch.rand(batch) < job["mask_probability"])[:, None, None]
    bare = ~((confidence > 0) & ~gone & job["torso"]).any(-1, keepdim=True)
    return confidence.masked_fill(gone & ~(bare & job["torso"]), 0.0)


def ratios_of(joints: Tensor, job: Job) -> Tensor:
    """Bone lengths over their frame's mean."""
    lengths = ((joints[..., job["bones"][1], :] - joints[..., job["bones"][0], :]).square().sum(-1) + 1e-8).sqrt()
    return lengths / lengths.mean(-1, keepdim=True)


def mean_of(values: Tensor, weight: Tensor) -> Tensor:
    """Mean over windows of weighted means."""
    return ((values * weight).flatten(1).sum(-1) / (weight.flatten(1).sum(-1) + 1e-6)).mean()


def hinge(joints: Tensor, job: Job) -> Tensor:
    """Knees that bend the wrong way."""
    unit = lambda v: v * torch.rsqrt(v.square().sum(-1, keepdim=True) + 1e-8)  # noqa: E731
    hips, total = job["hips"], torch.zeros(())
    line = unit(joints[..., hips[0], :] - joints[..., hips[1], :])
    for hip, knee, ankle in job["legs"].tolist():
        thigh = unit(joints[..., knee, :] - joints[..., hip, :])
        shank = unit(joints[..., ankle, :] - joints[..., knee, :])
        bend = (torch.linalg.cross(thigh, shank) * line).sum(-1)
        total = total + 0.5 * f.relu(-bend).square().mean()
    return total


def motion_input(xy: Tensor, measured: Tensor) -> Tensor:
    """A window and its differences, flat."""
    moves = (xy[:, 1:] - xy[:, :-1]) * (measured[:, 1:] * measured[:, :-1])[..., None]
    return torch.cat([(xy * measured[..., None]).flatten(1), measured.flatten(1), moves.flatten(1)], -1)


def pose_input(xy: Tensor, measured: Tensor, frame: Tensor) -> Tensor:
    """One frame per window, flat."""
    rows = torch.arange(len(xy))
    xy, measured = xy[rows, frame], measured[rows, frame]
    return torch.cat([xy * measured[..., None], measured[..., None]], -1).flatten(1)


class Stage:
    """The three players, their optimisers and the teacher's average."""

    def __init__(self, job: Job) -> None:
        self.job = job
        length, width, blocks = job["window"], job["judge_width"], job["judge_blocks"]
        self.teacher = Teacher(job)
        self.pose = Discriminator(51, width, blocks)
        self.motion = Discriminator(51 * length + 34 * (length - 1), width, blocks)
        self.average = [p.detach().clone() for p in self.teacher.parameters()]
        self.adams = [
            torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.99))
            for net in (self.teacher, self.pose, self.motion)
        ]

    def terms(
        self, xy: Tensor, seen: Tensor, clean: Tensor, view: tuple[Tensor, Tensor] | None, frame: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The teacher's terms on normalised windows, and the fakes' 2D. Without a ``view`` one is drawn."""
        job, c = self.job, torch.full((len(xy),), 10.0)
        measured = (seen > 0).float()
        own, depth, elevation = self.teacher(xy, seen)
        joints = lift(torch.where(measured[..., None] > 0, xy, own), depth, c)
        if view is None:
            still = elevation.detach()
            spread = (still.var(correction=0) + 1e-6).sqrt()
            e = (still.mean() + spread * torch.randn(len(xy))).clamp(-1.2, 1.2)
            azimuth = (2 * torch.rand(len(xy)) - 1) * math.pi
            view = (rotation("x", e) @ rotation("y", azimuth) @ rotation("x", -elevation), e)
        turned = turn(joints, view[0], c)
        picture = project(turned, c)
        shift = 0.5 * (picture[:, :, job["hips"][0]] + picture[:, :, job["hips"][1]])[:, :, None]
        scale = size_of(picture - shift, seen, job)
        fake = torch.where(measured[..., None] > 0, (picture - shift) / scale[:, None, None, None], 0.0)
        own_again, depth_again, elevation_again = self.teacher(fake, seen)
        s = scale[:, None, None]
        whole = torch.where(measured[..., None] > 0, picture, own_again * s[..., None] + shift)
        again = lift(whole, depth_again * s, c)
        back = project(turn(again, view[0].transpose(1, 2), c), c)
        ratios, everything = ratios_of(joints, job), torch.ones_like(seen)
        fake_logits = [self.pose(pose_input(fake, measured, frame)), self.motion(motion_input(fake, measured))]
        hidden = (clean > 0).float() * (1 - measured) * clean
        terms = {
            "reprojection": mean_of((back - xy).square().sum(-1), measured),
            "relift": mean_of((again - turned).square().sum(-1), everything),
            "elevation": (elevation_again - view[1]).square().mean(),
            "pose_adversarial": f.softplus(-fake_logits[0]).mean(),
            "motion_adversarial": f.softplus(-fake_logits[1]).mean(),
            "bone_constancy": (ratios - ratios.mean(1, keepdim=True)).square().mean(),
            "symmetry": (ratios - ratios[..., job["mirrored_bones"]]).square().mean(),
            "hinge": hinge(joints, job),
            "proportion": (ratios.mean(1) - job["human_ratios"]).square().mean(),
            "inpaint": mean_of((own - job.get("target_xy", xy)).square().sum(-1), hidden),
        }
        return terms, fake

    def judge_loss(self, net: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Cross-entropy with R1 on reals."""
        real = real.detach().requires_grad_()
        logits = net(real)
        slopes = torch.autograd.grad(logits.sum(), real, create_graph=True)[0]
        penalty = 0.5 * slopes.square().sum(-1).mean()
        return f.softplus(-logits).mean() + f.softplus(net(fake.detach())).mean() + self.job["penalty"] * penalty

    def step(self) -> None:
        """One optimiser step of all three players."""
        job = self.job
        rays, seen, clean = draw_windows(job)
        size = size_of(rays, seen, job)[:, None, None, None]
        job["target_xy"] = rays / size
        xy = torch.where(seen[..., None] > 0, rays / size, 0.0)
        frame = torch.randint(job["window"], (len(xy),))
        for net in (self.pose, self.motion):
            net.requires_grad_(False)
        terms, fake = self.terms(xy, seen, clean, None, frame)
        total = sum(job["weights"][name] * value for name, value in terms.items())
        for adam in self.adams:
            adam.zero_grad()
        total.backward()
        measured = (seen > 0).float()
        for net in (self.pose, self.motion):
            net.requires_grad_(True)
        pose = self.judge_loss(self.pose, pose_input(xy, measured, frame), pose_input(fake, measured, frame))
        motion = self.judge_loss(self.motion, motion_input(xy, measured), motion_input(fake, measured))
        (pose + motion).backward()
        for adam in self.adams:
            torch.nn.utils.clip_grad_norm_(adam.param_groups[0]["params"], 10.0)
            adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.teacher.parameters()), 0.005)


def read_job(path: str) -> Job:
    """The npz of ``benchmarks.speed.training``: arrays as tensors, the rest as plain values."""
    with np.load(path) as archive:
        job: Job = json.loads(str(archive["settings"]))
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files if name != "settings"}
    return job | {name: a.long() if a.dtype in (torch.int32, torch.int64) else a for name, a in arrays.items()}


def load(net: nn.Module, job: Job, name: str) -> None:
    """Parameters by their order of use: kernels are transposed."""
    flat = [job[f"{name}.{i}"] for i in range(len(list(net.parameters())))]
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), flat, strict=True):
            parameter.copy_(value.T if value.ndim == 2 else value)


def main() -> None:
    """Compares one batch where the job holds it, then answers lines."""
    torch.manual_seed(0)
    job = read_job(sys.argv[1])
    torch.set_num_threads(job["threads"])
    stage = Stage(job)
    if "check_xy" in job:
        for name in ("teacher", "pose", "motion"):
            load(getattr(stage, name), job, name)
        xy, seen, frame = job["check_xy"], job["check_confidence"], job["check_frame"]
        job["target_xy"] = job["check_target"]
        view = (job["check_rotation"], job["check_elevation"])
        terms, fake = stage.terms(xy, seen, job["check_clean"], view, frame)
        measured = (seen > 0).float()
        said = {name: value.item() for name, value in terms.items()}
        said["pose_discriminator"] = float(
            stage.judge_loss(stage.pose, pose_input(xy, measured, frame), pose_input(fake, measured, frame))
        )
        said["motion_discriminator"] = float(
            stage.judge_loss(stage.motion, motion_input(xy, measured), motion_input(fake, measured))
        )
        print(json.dumps(said), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            stage.step()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
