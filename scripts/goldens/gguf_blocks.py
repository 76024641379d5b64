"""Blocks of every GGUF type, and the float32 values that the `gguf` package makes of them; values, and their blocks."""

from importlib.metadata import version

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

from writing import GOLDENS, generator, write_json

DEQUANTIZED = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "BF16", "F16")
QUANTIZED = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "BF16")
# Where a block has its float16 scales.
SCALES = {
    "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,),
    "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,),
}
NUM_BLOCKS = 2


def names():
    return ["gguf-blocks"]


def make(_name):
    random = generator(0)
    write_json(GOLDENS / "gguf-blocks.json", {
        "versions": {"gguf": version("gguf")},
        "dequantize": [{"type": name.lower(), **dequantized(name, random)} for name in DEQUANTIZED],
        "quantize": quantized(random),
    })


def dequantized(name, random):
    kind = Type[name]
    size = gguf.GGML_QUANT_SIZES[kind][1] if name in SCALES else 32
    blocks = random.integers(0, 256, (NUM_BLOCKS, size), dtype=np.uint8)
    for at in SCALES.get(name, ()):
        scales = random.normal(0, 0.1, NUM_BLOCKS).astype(np.float16)
        blocks[:, at:at + 2] = scales.view(np.uint8).reshape(NUM_BLOCKS, 2)
    if name not in SCALES:
        # Random exponents would make NaN, whose bits are not compared.
        values = random.normal(0, 1, (NUM_BLOCKS, 16)).astype(np.float32)
        blocks = gguf.quantize(values, kind).view(np.uint8)
    values = gguf.dequantize(blocks, kind)
    return {"blocks": blocks.tobytes().hex(), "values": values.astype("<f4").tobytes().hex()}


def quantized(random):
    values = random.normal(0, 1, (8, 32)).astype(np.float32)
    values[0] = 0
    values[1] = np.arange(32) - 15.5
    values[2] = 0.25
    values[3] *= 1e-7
    values[4] = np.round(values[4] * 4) / 8
    blocks = {name.lower(): gguf.quantize(values, Type[name]).tobytes().hex() for name in QUANTIZED}
    return {"values": values.astype("<f4").tobytes().hex(), "blocks": blocks}
