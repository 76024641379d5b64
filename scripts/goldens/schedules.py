"""Learning rates by step: Transformers' own schedules, and by formula those of nanoGPT and of Vaswani et al. 2017."""

import math

import torch
import transformers

from writing import GOLDENS, VERSIONS, round_to, write_json

LEARNING_RATE = 6e-4
WARMUP, TOTAL = 20, 100
# The beginning, both sides of each border, the middle, past the end. The first step is 0; Vaswani's first step is 1.
STEPS = (0, 1, 2, 10, 19, 20, 21, 37, 60, 75, 99, 100, 101, 150)


def names():
    return ["schedules"]


def make(_name):
    cases = [dict(name=name, source=source, **options, steps=steps, learningRates=[round_to(rate(step), 12) for step in steps])
             for name, source, options, steps, rate in _cases()]
    write_json(GOLDENS / "schedules.json", dict(versions=VERSIONS, cases=cases))
    print(f"schedules: {len(cases)} cases")


def _cases():
    both = dict(num_warmup_steps=WARMUP, num_training_steps=TOTAL)
    sudden = dict(num_warmup_steps=0, num_training_steps=TOTAL)
    yield _by_transformers("constant", "get_constant_schedule_with_warmup", num_warmup_steps=WARMUP)
    yield _by_transformers("constant", "get_constant_schedule_with_warmup", num_warmup_steps=0)
    yield _by_transformers("linear", "get_linear_schedule_with_warmup", **both)
    yield _by_transformers("linear", "get_linear_schedule_with_warmup", **sudden)
    yield _by_transformers("cosine", "get_cosine_schedule_with_warmup", **both)
    yield _by_transformers("cosine", "get_cosine_schedule_with_warmup", **sudden)
    yield _by_transformers("cosine", "get_cosine_with_min_lr_schedule_with_warmup", min_lr_rate=0.1, **both)
    yield _by_transformers("inverseSquareRoot", "get_inverse_sqrt_schedule", num_warmup_steps=WARMUP)
    for warmup, ratio in ((WARMUP, 0.1), (WARMUP, 0.0), (0, 0.25)):
        options = dict(learningRate=LEARNING_RATE, numWarmupSteps=warmup, numSteps=TOTAL, minRatio=ratio)
        yield "cosine", "nanoGPT", options, STEPS, lambda step, o=options: _nano_gpt(step, o)
    for d_model, warmup in ((512, 4000), (24, WARMUP)):
        steps = tuple(step for step in (*STEPS, 3999, 4000, 4001, 100_000) if step >= 1)
        options = dict(dModel=d_model, numWarmupSteps=warmup)
        yield "inverseSquareRoot", "Vaswani et al. 2017", options, steps, lambda step, o=options: _vaswani(step, o)


def _by_transformers(name, function, **arguments):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LEARNING_RATE)
    [factor] = getattr(transformers, function)(optimizer, **arguments).lr_lambdas
    spellings = dict(num_warmup_steps="numWarmupSteps", num_training_steps="numSteps", min_lr_rate="minRatio")
    options = dict(learningRate=LEARNING_RATE, **{spellings[key]: value for key, value in arguments.items()})
    return name, f"transformers.{function}", options, STEPS, lambda step: LEARNING_RATE * factor(step)


def _nano_gpt(step, options):
    """Warm-up that is neither 0 at its first step nor full before its end, then half a cosine down to the least rate."""
    rate, warmup, end = options["learningRate"], options["numWarmupSteps"], options["numSteps"]
    least = options["minRatio"] * rate
    if step < warmup:
        return rate * (step + 1) / (warmup + 1)
    if step > end:
        return least
    return least + (rate - least) * (1 + math.cos(math.pi * (step - warmup) / (end - warmup))) / 2


def _vaswani(step, options):
    """Section 5.3: d_model^-0.5 · min(step^-0.5, step · warmup^-1.5)."""
    return options["dModel"] ** -0.5 * min(step**-0.5, step * options["numWarmupSteps"] ** -1.5)
