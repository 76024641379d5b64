"""Where goldens lie and how they are written: the same bytes on every run."""

import json
import shutil
from pathlib import Path

import numpy
import safetensors
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

GOLDENS = Path(__file__).resolve().parents[2] / "test" / "goldens"
LIBRARIES = (numpy, safetensors, tokenizers, torch, transformers)
VERSIONS = {library.__name__: library.__version__.split("+")[0] for library in LIBRARIES}


def empty_folder(*parts):
    """A fresh, empty folder under test/goldens."""
    folder = GOLDENS.joinpath(*parts)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_json(path, value):
    """One line for each key of the top level (and for each case of a list), so that diffs stay readable."""
    encode = lambda part: json.dumps(part, ensure_ascii=False, allow_nan=False)
    lines = []
    for key, part in value.items():
        if isinstance(part, list) and part and isinstance(part[0], dict):
            rows = ",\n".join("    " + encode(row) for row in part)
            lines.append(f"  {encode(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {encode(key)}: {encode(part)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def write_tensors(path, tensors):
    """All as float32, in one safetensors file."""
    save_file({name: tensor.detach().to(torch.float32).contiguous() for name, tensor in tensors.items()}, path)
    path.chmod(0o644)  # safetensors makes its files private


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def relative_error(actual, expected):
    """‖a − b‖ / ‖b‖ in float64, rounded to two digits."""
    actual, expected = (part.detach().to(torch.float64) for part in (actual, expected))
    return float(f"{float(torch.linalg.norm(actual - expected) / torch.linalg.norm(expected)):.1e}")


def round_to(value, digits):
    """A number with so many significant digits: the last bits of float64 are not the same on every processor."""
    return float(f"{value:.{digits}g}")


def generator(seed):
    """NumPy's PCG64 stream: unlike torch.randn it gives the same bits on every processor."""
    return numpy.random.Generator(numpy.random.PCG64(seed))
