"""GPTQ by its definition, and checkpoints of GPTQ and AWQ with the weights that they stand for."""

import torch
from safetensors.torch import save_file

from writing import GOLDENS, empty_folder, generator, write_json

SCHEMES = (
    {"bits": 4, "groupSize": 32, "isSymmetric": True, "scaleDType": "bfloat16"},
    {"bits": 4, "groupSize": 32, "isSymmetric": False, "scaleDType": "float16"},
    {"bits": 8, "groupSize": "row", "isSymmetric": True, "scaleDType": "float32"},
)
ROWS, COLUMNS, TOKENS = 5, 72, 300


def names():
    return ["gptq", "quantized-checkpoints"]


def make(name):
    if name == "gptq":
        random = generator(11)
        weights, hessian = gptq_layer_and_inputs(random)
        cases = [gptq_case(weights, hessian, scheme, order) for scheme in SCHEMES for order in (True, False)]
        write_json(GOLDENS / "gptq.json", {
            "rows": ROWS, "columns": COLUMNS, "weights": float_hex(weights), "hessian": float_hex(hessian), "cases": cases,
        })
    else:
        make_checkpoints()


# --- GPTQ (Frantar et al. 2022), one column at a time, with the inverse Hessian itself -----------------------------------


def gptq_layer_and_inputs(random):
    mixing = random.normal(0, 1, (COLUMNS, COLUMNS)) * random.uniform(0.05, 1, COLUMNS)
    inputs = torch.tensor(random.normal(0, 1, (TOKENS, COLUMNS)) @ mixing)
    weights = torch.tensor(random.normal(0, 0.1, (ROWS, COLUMNS))).to(torch.float32)
    return weights, (inputs.T @ inputs / TOKENS).to(torch.float32).to(torch.float64)


def gptq_case(weights, hessian, scheme, activation_order):
    scales, minima = group_scales(weights, scheme, hessian.diagonal())
    codes = gptq_codes(weights, hessian, scheme, scales, minima, activation_order)
    return {
        "scheme": scheme, "activationOrder": activation_order,
        "codes": codes.to(torch.int).flatten().tolist(),
        "scales": float_hex(scales), "minima": None if scheme["isSymmetric"] else float_hex(minima),
    }


def gptq_codes(weights, hessian, scheme, scales, minima, activation_order, damping=0.01):
    """Equations 2 and 3 of the paper: no Cholesky form, the inverse is reduced by each column that is done."""
    damped = hessian + damping * hessian.diagonal().mean() * torch.eye(COLUMNS, dtype=torch.float64)
    inverse = torch.linalg.inv(damped)
    left = weights.to(torch.float64)
    diagonal = hessian.diagonal()
    order = sorted(range(COLUMNS), key=lambda k: -diagonal[k]) if activation_order else range(COLUMNS)
    codes = torch.zeros(ROWS, COLUMNS)
    for k in order:
        group = 0 if scheme["groupSize"] == "row" else k // scheme["groupSize"]
        scale, minimum = scales[:, group].to(torch.float64), minima[:, group].to(torch.float64)
        codes[:, k] = nearest(left[:, k], scale, minimum, scheme)
        error = (left[:, k] - (codes[:, k] * scale + minimum)) / inverse[k, k]
        left = left - error[:, None] * inverse[k, :]
        inverse = inverse - inverse[:, k:k + 1] @ inverse[k:k + 1, :] / inverse[k, k]
        inverse[k, :] = inverse[:, k] = 0
        inverse[k, k] = 1
    return codes


def code_range(scheme):
    if not scheme["isSymmetric"]:
        return 0, 15
    return (-127, 127) if scheme["bits"] == 8 else (-8, 7)


def nearest(values, scale, minimum, scheme):
    safe = torch.where(scale == 0, 1, scale)
    codes = torch.floor((values - minimum) / safe + 0.5).clamp(*code_range(scheme))
    return torch.where(scale == 0, 0, codes)


def group_scales(weights, scheme, importance):
    size = COLUMNS if scheme["groupSize"] == "row" else scheme["groupSize"]
    starts = range(0, COLUMNS, size)
    found = [[group_scale(row[start:start + size], scheme, importance[start:start + size]) for start in starts]
             for row in weights]
    scales = torch.tensor([[scale for scale, _ in row] for row in found], dtype=torch.float32)
    minima = torch.tensor([[minimum for _, minimum in row] for row in found], dtype=torch.float64)
    return scales, minima.to(torch.float32)


def group_scale(values, scheme, importance):
    values = values.to(torch.float64)
    best, least = (0.0, 0.0), error_of(values, 0.0, 0.0, scheme, importance)
    for scale, minimum in candidates(values, scheme):
        error = error_of(values, scale, minimum, scheme, importance)
        if error < least:
            best, least = (scale, minimum), error
    if scheme["isSymmetric"]:
        codes = nearest(values, torch.tensor(best[0]).to(torch.float64), 0.0, scheme)
        below = float((importance * codes * codes).sum())
        fitted = rounded(0.0 if below == 0 else float((importance * values * codes).sum()) / below, scheme)
        if error_of(values, fitted, 0.0, scheme, importance) < least:
            best = (fitted, 0.0)
    return best


def candidates(values, scheme):
    lowest, highest = min(0.0, float(values.min())), max(0.0, float(values.max()))
    largest = max(highest, -lowest)
    for step in range(21):
        share = 1 - step * 0.02
        if not scheme["isSymmetric"]:
            scale = rounded(share * (highest - lowest) / 15, scheme)
            zero = -share * lowest / scale
            for point in dict.fromkeys((int(zero // 1), int(-(-zero // 1)))):
                if point <= 15:
                    yield scale, -scale * point
        elif scheme["bits"] == 8:
            yield rounded(share * largest / 127, scheme), 0.0
        else:
            for scale in (largest / 7, largest / 8, -largest / 8):
                yield rounded(share * scale, scheme), 0.0


def rounded(scale, scheme):
    return float(torch.tensor(scale, dtype=torch.float64).to(torch.float32).to(getattr(torch, scheme["scaleDType"])))


def error_of(values, scale, minimum, scheme, importance):
    scale = torch.tensor(scale, dtype=torch.float64)
    codes = nearest(values, scale, minimum, scheme)
    return float((importance * (values - (scale * codes + minimum)) ** 2).sum())


def float_hex(tensor):
    return tensor.to(torch.float32).contiguous().numpy().tobytes().hex()


# --- Checkpoints -----------------------------------------------------------------------------------------------------


INPUTS, OUTPUTS = 64, 16
AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)


def make_checkpoints():
    folder = empty_folder("quantized")
    random = generator(12)
    plain = torch.arange(INPUTS) // 32
    shuffled = torch.tensor(random.permutation(INPUTS) // 32)
    gptq = {
        "symmetric": gptq_layer(random, 4, plain, zero=8, version=1),
        "zero-points": gptq_layer(random, 4, plain, zero=None, version=1),
        "reordered": gptq_layer(random, 4, shuffled, zero=None, version=1),
        "eight-bits": gptq_layer(random, 8, plain, zero=128, version=1),
        "eight-bits-zero-points": gptq_layer(random, 8, plain, zero=None, version=1),
        "rows": gptq_layer(random, 4, torch.zeros(INPUTS, dtype=torch.long), zero=8, version=1),
    }
    save(folder / "gptq.safetensors", gptq)
    save(folder / "gptq-v2.safetensors", {"zero-points": gptq_layer(random, 4, plain, zero=None, version=2)})
    save(folder / "awq.safetensors", {"zero-points": awq_layer(random), "symmetric": awq_layer(random, zero=8)})


def save(path, layers):
    """`<layer>.wanted` is the matrix (outputs, inputs) that a layer stands for."""
    save_file({f"{name}.{part}": tensor.contiguous() for name, layer in layers.items() for part, tensor in layer.items()}, path)
    path.chmod(0o644)


def random_layer(random, bits, group_of, zero):
    groups = int(group_of.max()) + 1
    codes = torch.tensor(random.integers(0, 2 ** bits, (INPUTS, OUTPUTS)))
    zeros = torch.tensor(random.integers(1, 2 ** bits, (groups, OUTPUTS))) if zero is None else torch.full((groups, OUTPUTS), zero)
    scales = torch.tensor(random.uniform(0.001, 0.1, (groups, OUTPUTS))).to(torch.float16)
    wanted = (codes - zeros[group_of]) * scales[group_of].to(torch.float32)
    return codes, zeros, scales, wanted.T


def gptq_layer(random, bits, group_of, zero, version):
    codes, zeros, scales, wanted = random_layer(random, bits, group_of, zero)
    stored = zeros - 1 if version == 1 else zeros
    return {
        "qweight": pack(codes.T, bits).T, "qzeros": pack(stored, bits), "scales": scales,
        "g_idx": group_of.to(torch.int32), "wanted": wanted.to(torch.float32),
    }


def awq_layer(random, zero=None):
    codes, zeros, scales, wanted = random_layer(random, 4, torch.arange(INPUTS) // 32, zero)
    interleaved = lambda values: values.reshape(values.shape[0], -1, 8)[:, :, list(AWQ_ORDER)].reshape(values.shape)
    return {
        "qweight": pack(interleaved(codes), 4), "qzeros": pack(interleaved(zeros), 4), "scales": scales,
        "wanted": wanted.to(torch.float32),
    }


def pack(values, bits):
    """Columns as the bits of int32 numbers, the first lowest."""
    count = 32 // bits
    words = values.to(torch.int64).reshape(values.shape[0], -1, count)
    total = sum(words[:, :, i] << (bits * i) for i in range(count))
    return torch.where(total >= 2 ** 31, total - 2 ** 32, total).to(torch.int32)
