"""Runs Hugging Face models truly in float64."""

from contextlib import contextmanager

import torch


@contextmanager
def float64():
    """Makes `float32` mean `float64` to every library that runs inside.

    `model.double()` alone is not enough: Transformers computes norms, softmax, rotary angles and GPT-Neo's scores in
    `torch.float32` whatever the model's type is. Goldens must be exact numbers, not one of many float32 roundings.
    """
    saved = (torch.float32, torch.float, torch.Tensor.float)
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float = saved
        torch.set_default_dtype(torch.float32)
