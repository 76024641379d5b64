"""Losses of small logits and their gradients, in float64."""

import math

import torch
from torch.nn.functional import cross_entropy

from writing import GOLDENS, VERSIONS, generator, round_to, write_json

POSITIONS, VOCAB = 5, 7
TARGETS = [3, 0, 6, 3, 1]
IGNORED = -100  # PyTorch's mark, null in the file

# (name, changes of the defaults in _case)
CASES = (
    ("plain", {}),
    ("ignored positions", dict(targets=[3, None, 6, None, 1])),
    ("all positions but one ignored", dict(targets=[None, None, None, None, 1])),
    ("weights", dict(weights=[1.0, 0.25, 0.0, 2.0, 0.5])),
    ("label smoothing", dict(labelSmoothing=0.1)),
    ("label smoothing and ignored positions", dict(labelSmoothing=0.1, targets=[None, 0, 6, None, 1])),
    ("all smoothed away", dict(labelSmoothing=1.0)),
    ("z-loss", dict(zLoss=1e-4)),
    ("z-loss, strong", dict(zLoss=0.3, targets=[3, 0, 6, None, 1])),
    ("weights, label smoothing and z-loss", dict(weights=[0.5, 1.0, 3.0, 0.0, 0.125], labelSmoothing=0.1, zLoss=1e-2)),
    ("far apart", dict(logits="wide")),
    ("far apart, label smoothing and z-loss", dict(logits="wide", labelSmoothing=0.1, zLoss=1e-4)),
)


def names():
    return ["losses"]


def make(_name):
    rows = _logits()
    cases = [_case(rows, name, reduction=reduction, **changes) for name, changes in CASES for reduction in ("mean", "sum")]
    write_json(GOLDENS / "losses.json", dict(
        computedIn="float64", logits={name: values.tolist() for name, values in rows.items()}, versions=VERSIONS, cases=cases,
    ))
    print(f"losses: {len(cases)} cases")


def _logits():
    random = generator(6000)
    draw = lambda scale: torch.from_numpy(random.standard_normal((POSITIONS, VOCAB)) * scale * 256).round() / 256
    rows = dict(moderate=draw(2.0), wide=draw(60.0))
    rows["wide"][1] += 5000  # overflows without the largest logit taken off first
    return rows


def _case(rows, name, reduction, logits="moderate", targets=TARGETS, weights=None, labelSmoothing=0.0, zLoss=0.0):
    values = rows[logits].clone().requires_grad_()
    loss = _loss(values, targets, weights, labelSmoothing, zLoss, reduction)
    loss.backward()
    return dict(
        name=f"{name}, {reduction}", logits=logits, targets=targets, weights=weights, labelSmoothing=labelSmoothing,
        zLoss=zLoss, reduction=reduction, loss=round_to(loss.item(), 12),
        gradient=[[round_to(value, 10) for value in row] for row in values.grad.tolist()],
    )


def _loss(logits, targets, weights, smoothing, z_loss, reduction):
    """Cross-entropy is PyTorch's. z-loss is PaLM's: coefficient · log² Z, of the same positions with the same weights."""
    marks = torch.tensor([IGNORED if target is None else target for target in targets])
    weight = (marks != IGNORED).double() * torch.tensor(weights or [1.0] * POSITIONS, dtype=torch.float64)
    each = cross_entropy(logits, marks, reduction="none", label_smoothing=smoothing, ignore_index=IGNORED)
    each = each + z_loss * torch.logsumexp(logits, dim=-1) ** 2
    loss = (weight * each).sum() / (weight.sum() if reduction == "mean" else 1)
    if weights is None and z_loss == 0:
        own = cross_entropy(logits, marks, reduction=reduction, label_smoothing=smoothing, ignore_index=IGNORED)
        assert math.isclose(loss.item(), own.item(), rel_tol=1e-14), (loss, own)
    return loss
