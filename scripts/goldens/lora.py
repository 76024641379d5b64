"""LoRA adapters as PEFT writes them, what they make of two tiny models, and their gradients, in float64."""

import json

import peft
import torch
from safetensors.torch import load_file

from float64 import float64
from gradients import fresh, gradients_of, load, random_batches
from models import MODELS
from writing import VERSIONS, empty_folder, generator, read_json, relative_error, round_to, write_json, write_tensors

PREFIX = "lora-"
TARGETS = {"llama-gqa": ["q_proj", "v_proj"], "gpt2": ["c_attn"]}
RANK, ALPHA = 4, 8


def names():
    return [PREFIX + name for name in TARGETS]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    saved = load(name)
    adapted = _adapt(fresh(saved), name)
    _fill(adapted, MODELS[name].seed + 500)
    folder = empty_folder("lora", name)
    _save_as(name, adapted, folder)

    batch = random_batches(MODELS[name].seed, saved.config.vocab_size)[0]
    prompt_ids = batch[1]
    _, rounded = gradients_of(peft.PeftModel.from_pretrained(load(name), folder, is_trainable=True).eval(), batch)
    with float64():
        bare = _logits(fresh(saved), prompt_ids)
        exact = _adapt(fresh(saved), name)
        exact.load_state_dict(adapted.state_dict())
        loss, gradients = gradients_of(exact, batch)
        logits = _logits(exact, prompt_ids)
        merged = exact.merge_and_unload()
        merge_error = float((_logits(merged, prompt_ids) - logits).abs().max())
    assert merge_error < 1e-11, merge_error
    assert relative_error(bare, logits) > 0.1, "the adapter does not show"

    changed = {f"merged.{key}": value for key, value in merged.named_parameters() if _is_adapted(key, name)}
    write_tensors(folder / "golden.safetensors", {"logits": logits, **changed})
    write_tensors(folder / "gradients.safetensors", {_file_name(key): value for key, value in gradients.items()})
    error = max(relative_error(rounded[key], gradients[key]) for key in gradients)
    golden = dict(
        computedIn="float64", model=name, promptIds=prompt_ids, batch=batch, loss=round_to(loss, 12),
        float32Errors=dict(gradients=error), versions={**VERSIONS, "peft": peft.__version__},
    )
    write_json(folder / "golden.json", golden)
    print(f"{full_name}: float32 error {error:.1e}, the adapter changes the logits by {relative_error(bare, logits)}")


def _adapt(model, name):
    config = peft.LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=TARGETS[name], task_type="CAUSAL_LM",
        fan_in_fan_out=name == "gpt2",  # Conv1D stores (in, out)
    )
    return peft.get_peft_model(model, config).eval()


@torch.no_grad()
def _fill(adapted, seed):
    """B starts at zero, which would hide it: both matrices get multiples of 2^-12."""
    random = generator(seed)
    for _, parameter in sorted(pair for pair in adapted.named_parameters() if pair[1].requires_grad):
        noise = torch.from_numpy(random.standard_normal(tuple(parameter.shape)))
        parameter.copy_(torch.round(0.3 * noise * 4096) / 4096)


def _save_as(name, adapted, folder):
    adapted.peft_config["default"].base_model_name_or_path = name  # not the folder of this machine
    adapted.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink()
    (folder / "adapter_model.safetensors").chmod(0o644)
    wanted = {_file_name(key) for key, value in adapted.named_parameters() if value.requires_grad}
    assert load_file(folder / "adapter_model.safetensors").keys() == wanted
    # PEFT keeps the targets in a set, whose order changes from run to run.
    config = read_json(folder / "adapter_config.json")
    config["target_modules"].sort()
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _file_name(parameter):
    return parameter.replace(".default.", ".")


@torch.no_grad()
def _logits(model, ids):
    return model(torch.tensor([ids])).logits[0]


def _is_adapted(parameter, name):
    return any(parameter.endswith(f"{target}.weight") for target in TARGETS[name])
