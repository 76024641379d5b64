"""torch.nn.TransformerDecoder: gradients of a linear functional of its output, by autograd in float64."""

import torch

from transformer_decoder import PREFIX as DECODER_PREFIX
from transformer_decoder import VARIANTS, create_decoder, random_inputs, run_masks
from writing import VERSIONS, empty_folder, generator, relative_error, round_to, write_json, write_tensors

PREFIX = "gradients-" + DECODER_PREFIX
RUN = "causal"


def names():
    return [PREFIX + name for name in VARIANTS]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    variant = VARIANTS[name]
    inputs = random_inputs(variant["seed"] + 100)
    weights = torch.from_numpy(generator(variant["seed"] + 200).standard_normal(tuple(inputs["tgt"].shape))).float()
    _, rounded = _gradients(create_decoder(variant), inputs, weights)
    value, exact = _gradients(
        create_decoder(variant).double(), {key: part.double() for key, part in inputs.items()}, weights.double()
    )
    error = max(relative_error(rounded[key], exact[key]) for key in exact)
    folder = empty_folder("transformer-decoder-gradients", name)
    write_tensors(folder / "gradients.safetensors", {"outputWeights": weights, **exact})
    write_json(
        folder / "golden.json",
        dict(computedIn="float64", run=RUN, value=round_to(value, 12), float32Errors=dict(gradients=error), versions=VERSIONS),
    )
    print(f"{full_name}: float32 error {error:.1e}")


def _gradients(decoder, inputs, weights):
    """Σ weights ∘ output, and its gradients for the parameters and both inputs."""
    tgt, memory = (inputs[key].clone().requires_grad_() for key in ("tgt", "memory"))
    value = (weights * decoder(tgt, memory, **run_masks(inputs)[RUN])).sum()
    value.backward()
    gradients = {name: parameter.grad for name, parameter in decoder.named_parameters()}
    return value.item(), {"tgt": tgt.grad, "memory": memory.grad, **gradients}
