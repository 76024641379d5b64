"""The buckets that Transformers puts distances in for T5, in float32 as it runs."""

import torch
from transformers.models.t5.modeling_t5 import T5Attention

from writing import GOLDENS, VERSIONS, write_json

NAME = "relative-positions"
CASES = [(32, 128, True), (32, 128, False), (8, 7, True), (7, 20, False), (64, 257, True), (4, 3, True)]
FURTHEST = 300


def names():
    return [NAME]


def make(_):
    distances = torch.arange(-FURTHEST, FURTHEST + 1)
    cases = [
        dict(
            numBuckets=buckets, maxDistance=furthest, bidirectional=bidirectional,
            buckets=_runs(T5Attention._relative_position_bucket(distances, bidirectional, buckets, furthest).tolist()),
        )
        for buckets, furthest, bidirectional in CASES
    ]
    write_json(GOLDENS / f"{NAME}.json", dict(first=-FURTHEST, cases=cases, versions=VERSIONS))
    print(f"{NAME}: {len(cases)} cases")


def _runs(values):
    """[value, how often it comes] again and again."""
    runs = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1][1] += 1
        else:
            runs.append([value, 1])
    return runs
