"""LoRA adapters of models with an encoder as PEFT writes them, cross-attention among their targets, in float64."""

import peft
import torch
import transformers

from encoder_decoder import _copy, _gradients, _run
from float64 import float64
from lora import ALPHA, RANK, _fill, _save_as
from writing import (
    GOLDENS, VERSIONS, empty_folder, generator, read_json, relative_error, round_to, write_json, write_tensors,
)

PREFIX = "lora-seq2seq-"
TARGETS = {"bart": ["k_proj", "v_proj", "fc1"], "t5-v1.1": "all-linear"}
PAIR_LENGTHS = ((7, 5), (17, 9))
SEED = 900


def names():
    return [PREFIX + name for name in TARGETS]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    saved = _load(name)
    adapted = _adapt(_copy(saved), name)
    _fill(adapted, SEED)
    folder = empty_folder("lora-seq2seq", name)
    _save_as(name, adapted, folder)

    random = generator(SEED + 1)
    draw = lambda length: [int(token) for token in random.integers(3, saved.config.vocab_size, length)]
    start = saved.config.decoder_start_token_id
    pairs = [(draw(source), [start, *draw(target)]) for source, target in PAIR_LENGTHS]
    source_ids, target_ids = pairs[1]
    with float64():
        bare = _run(_copy(saved), source_ids, target_ids)["logits"]
        exact = _adapt(_copy(saved), name)
        exact.load_state_dict(adapted.state_dict())
        loss, gradients = _gradients(exact.base_model.model, pairs)
        logits = _run(exact.base_model.model, source_ids, target_ids)["logits"]
        merge_error = float((_run(exact.merge_and_unload(), source_ids, target_ids)["logits"] - logits).abs().max())
    assert merge_error < 1e-11, merge_error
    assert relative_error(bare, logits) > 0.1, "the adapter does not show"

    write_tensors(folder / "golden.safetensors", {"logits": logits})
    found = {f"base_model.model.{key.replace('.default.', '.')}": value for key, value in gradients.items() if "lora_" in key}
    write_tensors(folder / "gradients.safetensors", found)
    golden = dict(
        computedIn="float64", model=name, sourceIds=source_ids, targetIds=target_ids,
        pairs=[dict(sourceIds=source, targetIds=target) for source, target in pairs], loss=round_to(loss, 12),
        versions={**VERSIONS, "peft": peft.__version__},
    )
    write_json(folder / "golden.json", golden)
    print(f"{full_name}: loss {loss:.4f}, the adapter changes the logits by {relative_error(bare, logits)}")


def _load(name):
    folder = GOLDENS / "encoder-decoder" / name
    architecture = getattr(transformers, read_json(folder / "golden.json")["architecture"])
    return architecture.from_pretrained(str(folder), attn_implementation="eager")


def _adapt(model, name):
    config = peft.LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=TARGETS[name], task_type="SEQ_2_SEQ_LM",
    )
    return peft.get_peft_model(model, config).eval()
