"""torch.nn.TransformerDecoder: state dicts under PyTorch's own names, with inputs and every sublayer's output."""

import torch
from safetensors.torch import save_file
from torch import nn

from random_weights import fill
from writing import VERSIONS, empty_folder, generator, relative_error, write_json, write_tensors

PREFIX = "transformer-decoder-"
SIZES = dict(dModel=20, numHeads=4, numLayers=2, dimFeedforward=36)
BATCH, TARGETS, SOURCES = 2, 7, 9

VARIANTS = {
    "post-norm-relu": dict(seed=31, activation="relu", normFirst=False, finalNorm=False, bias=True, layerNormEps=1e-5),
    "pre-norm-gelu": dict(seed=32, activation="gelu", normFirst=True, finalNorm=True, bias=True, layerNormEps=1e-6),
    "post-norm-gelu-no-bias": dict(
        seed=33, activation="gelu", normFirst=False, finalNorm=False, bias=False, layerNormEps=1e-5
    ),
}


def names():
    return [PREFIX + name for name in VARIANTS]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    variant = VARIANTS[name]
    decoder = create_decoder(variant)
    folder = empty_folder("transformer-decoder", name)
    save_file({key: value.contiguous() for key, value in decoder.state_dict().items()}, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)

    inputs = random_inputs(variant["seed"] + 100)
    with torch.no_grad():
        rounded = _runs(decoder, inputs)
        tensors = _runs(decoder.double(), {key: value.double() for key, value in inputs.items()})
    write_tensors(folder / "golden.safetensors", {**inputs, **tensors})
    errors = {key: relative_error(rounded[key], tensors[key]) for key in tensors if key.endswith("output")}
    options = {key: value for key, value in variant.items() if key != "seed"}
    write_json(folder / "config.json", {**SIZES, **options})
    num_parameters = sum(value.numel() for value in decoder.state_dict().values())
    write_json(
        folder / "golden.json",
        dict(computedIn="float64", numParameters=num_parameters, float32Errors=errors, versions=VERSIONS),
    )
    print(f"{full_name}: float32 error {errors['causal.output']:.1e}")


def _runs(decoder, inputs):
    found = {}
    for run, arguments in run_masks(inputs).items():
        for key, value in _observed(decoder, inputs, arguments).items():
            found[f"{run}.{key}"] = value
    return found


def _observed(decoder, inputs, masks):
    """The residual stream after each sublayer (after its norm too, where norms come last), and the output."""
    found, hooks = {}, []

    def keep(name):
        return lambda _module, _inputs, output: found.update({name: output.clone()})

    def keep_input(name):
        return lambda _module, arguments: found.update({name: arguments[0].clone()})

    for number, layer in enumerate(decoder.layers):
        path = f"layers.{number}"
        if layer.norm_first:
            hooks.append(layer.norm2.register_forward_pre_hook(keep_input(f"{path}.selfAttention")))
            hooks.append(layer.norm3.register_forward_pre_hook(keep_input(f"{path}.crossAttention")))
        else:
            hooks.append(layer.norm1.register_forward_hook(keep(f"{path}.selfAttention")))
            hooks.append(layer.norm2.register_forward_hook(keep(f"{path}.crossAttention")))
        hooks.append(layer.register_forward_hook(keep(f"{path}.feedForward")))
    found["output"] = decoder(inputs["tgt"], inputs["memory"], **masks)
    for hook in hooks:
        hook.remove()
    assert len(found) == 3 * len(decoder.layers) + 1
    return found


# ---------------------------------------------------------------- also for transformer_decoder_gradients.py


def create_decoder(variant):
    layer = nn.TransformerDecoderLayer(
        d_model=SIZES["dModel"], nhead=SIZES["numHeads"], dim_feedforward=SIZES["dimFeedforward"], dropout=0.0,
        activation=variant["activation"], layer_norm_eps=variant["layerNormEps"], norm_first=variant["normFirst"],
        bias=variant["bias"], batch_first=True,
    )
    norm = nn.LayerNorm(SIZES["dModel"], eps=variant["layerNormEps"], bias=variant["bias"]) if variant["finalNorm"] else None
    decoder = nn.TransformerDecoder(layer, SIZES["numLayers"], norm).eval()
    fill(decoder, variant["seed"], {"in_proj_weight": 1.6})
    return decoder


def random_inputs(seed):
    random = generator(seed)
    normal = lambda *shape: torch.from_numpy(random.standard_normal(shape)).float()
    return {
        "tgt": normal(BATCH, TARGETS, SIZES["dModel"]),
        "memory": normal(BATCH, SOURCES, SIZES["dModel"]),
        "memoryMask": 1.5 * normal(TARGETS, SOURCES),
    }


def run_masks(inputs):
    """causal: with the causal mask on the targets; unmasked: none; memoryMask: causal and an additive mask on memory."""
    causal = nn.Transformer.generate_square_subsequent_mask(TARGETS, dtype=inputs["tgt"].dtype)
    return {
        "causal": dict(tgt_mask=causal),
        "unmasked": {},
        "memoryMask": dict(tgt_mask=causal, memory_mask=inputs["memoryMask"]),
    }
