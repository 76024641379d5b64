"""Fills a model with random weights large enough that every one of them shows in the logits."""

import math

import torch

from writing import generator


@torch.no_grad()
def fill(module, seed, gains=None):
    """Overwrites every parameter, in the order of their names.

    Matrices get a standard deviation of gain / sqrt(fan in), biases 0.2, norm weights 1 ± 0.3, embeddings 0.7. `gains` maps
    a part of a parameter's name to a gain other than 1. All values are rounded to multiples of 2^-12, which float32 holds.
    """
    random = generator(seed)
    for name, parameter in sorted(module.named_parameters()):
        noise = torch.from_numpy(random.standard_normal(tuple(parameter.shape)))
        gain = next((gain for part, gain in (gains or {}).items() if part in name), 1.0)
        values = gain * _shape_noise(name, parameter, noise)
        parameter.copy_(torch.round(values * 4096) / 4096)


def _shape_noise(name, parameter, noise):
    if parameter.dim() == 1:
        return 0.2 * noise if name.endswith("bias") else 1 + 0.3 * noise
    if any(part in name for part in ("embed", "wte", "wpe")):
        return 0.7 * noise
    # Conv1D stores (in, out), Linear (out, in).
    fan_in = parameter.shape[0] if any(part in name for part in ("c_attn", "c_fc", "c_proj")) else parameter.shape[1]
    return noise / math.sqrt(fan_in)
