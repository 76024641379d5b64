"""Decoder-only models as Hugging Face folders, with the numbers that Transformers computes for them in float64."""

import numpy
import tokenizers
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file

from config_spelling import respell
from float64 import float64
from models import COPIES, MODELS
from random_weights import fill
from writing import GOLDENS, VERSIONS, empty_folder, generator, read_json, relative_error, write_json, write_tensors

NUM_NEW_TOKENS = 24
MIN_GREEDY_MARGIN = 0.01  # between the best two logits: float32 must never change a greedy choice


def names():
    return [*MODELS, *COPIES]


def make(name):
    source = COPIES.get(name)
    spec = MODELS[source.of if source else name]
    folder = empty_folder("models", name)
    config = _config(spec)
    model = _random_model(spec, config)
    if source:
        model = model.to(getattr(torch, source.dtype))
    _save(folder, spec, source, model)
    model = model.to(torch.float32)
    _check_reload(folder, model)

    prompt_ids = _ids(spec, spec.prompt, seed=spec.seed + 100)
    scored_ids = _ids(spec, spec.scored, seed=spec.seed + 200)
    beyond_ids = [*prompt_ids, *_ids(spec, spec.num_beyond - len(prompt_ids), seed=spec.seed + 300)] if spec.num_beyond else None
    exact = lambda: _as_float64(model, config)
    with float64(), torch.no_grad():
        tensors = _activations(exact(), prompt_ids)
        cached = _logits_cached(exact(), prompt_ids)
        if beyond_ids:
            tensors["beyond.logits_cached"] = _logits_cached(exact(), beyond_ids)
        greedy_ids, margin = _greedy(exact(), prompt_ids)
        log_probs = _log_probs(exact(), scored_ids)
    with torch.no_grad():
        fresh = _build(model, config)
        rounded = _activations(fresh, prompt_ids)
        assert _greedy(_build(model, config), prompt_ids)[0] == greedy_ids, "float32 changes the greedy continuation"
    cached_error = float((cached - tensors["logits"]).abs().max())
    assert cached_error < 1e-11, cached_error
    assert margin > MIN_GREEDY_MARGIN, f"{name}: greedy margin {margin}: take another seed"
    assert len(set(greedy_ids)) > 5, f"{name}: dull continuation {greedy_ids}: take another seed"

    write_tensors(folder / "golden.safetensors", tensors)
    golden = dict(
        architecture=spec.architecture,
        dtype=source.dtype if source else "float32",
        computedIn="float64",
        promptIds=prompt_ids,
        greedyIds=greedy_ids,
        greedyMinMargin=round(margin, 4),
        eosIgnored=True,
        scoredIds=scored_ids,
        logProbs=[round(value, 10) for value in log_probs],
        sumLogProb=round(sum(log_probs), 10),
        perplexity=round(float(numpy.exp(-sum(log_probs) / len(log_probs))), 8),
        numParameters=model.num_parameters(),
        float32Errors={key: relative_error(rounded[key], tensors[key]) for key in rounded},
        versions=VERSIONS,
    )
    if beyond_ids:
        golden["beyondIds"] = beyond_ids
    if spec.tokenizer:
        golden["prompt"] = spec.prompt
        golden["scored"] = spec.scored
        golden["greedyText"] = _tokenizer(spec).decode(greedy_ids, skip_special_tokens=False)
    write_json(folder / "golden.json", golden)
    print(f"{name}: margin {margin:.3f}, float32 error {golden['float32Errors']['logits']:.1e}, "
          f"perplexity {golden['perplexity']:.1f}, logits deviate by {float(tensors['logits'].std()):.1f}")


# ---------------------------------------------------------------- the model and its folder


def _config(spec):
    values = dict(spec.config)
    if spec.tokenizer:
        tokenizer = _tokenizer(spec)
        values["vocab_size"] = tokenizer.get_vocab_size()
        values.update(_special_ids(spec, tokenizer))
    config_class = getattr(transformers, spec.architecture).config_class
    config = config_class(**values)
    config._attn_implementation = "eager"
    return config


def _special_ids(spec, tokenizer):
    settings = read_json(GOLDENS / "tokenizers" / spec.tokenizer / "tokenizer_config.json")
    found = {}
    for kind in ("bos", "eos"):
        token = settings.get(f"{kind}_token")
        found[f"{kind}_token_id"] = None if token is None else tokenizer.token_to_id(token)
    return found


def _random_model(spec, config):
    torch.manual_seed(spec.seed)
    model = getattr(transformers, spec.architecture)(config)
    fill(model, spec.seed, spec.gains)
    return model.eval()


def _build(model, config):
    """A new model without state of earlier runs: dynamic rotary embeddings remember the longest sequence seen."""
    built = type(model)(config).to(torch.float32).eval()
    built.load_state_dict(model.state_dict())
    return built


def _as_float64(model, config):
    assert torch.float32 is torch.float64, "only inside float64()"
    return _build(model, config)


def _save(folder, spec, source, model):
    for key, value in spec.generation.items():
        setattr(model.generation_config, key, value)
    model.save_pretrained(folder, max_shard_size=_shard_bytes(model, spec.shards))
    assert len(list(folder.glob("model*.safetensors"))) == spec.shards
    if source and source.hub_names:
        _rename_as_on_hub(folder / "model.safetensors", model.config)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    respell(folder / "config.json", spec.spelling)
    if spec.tokenizer:
        tokenizer_folder = GOLDENS / "tokenizers" / spec.tokenizer
        for path in sorted(tokenizer_folder.iterdir()):
            if path.name != "golden.json":
                (folder / path.name).write_bytes(path.read_bytes())


def _shard_bytes(model, shards):
    total = 4 * sum(parameter.numel() for parameter in model.parameters())
    return "5GB" if shards == 1 else int(total / shards * 1.12)


def _rename_as_on_hub(path, config):
    with safe_open(path, "pt") as file:
        tensors = {key.removeprefix("transformer."): file.get_tensor(key) for key in file.keys()}
    size = config.n_positions
    dtype = next(iter(tensors.values())).dtype
    for layer in range(config.n_layer):
        tensors[f"h.{layer}.attn.bias"] = torch.tril(torch.ones(size, size, dtype=dtype)).view(1, 1, size, size)
    save_file(tensors, path, metadata={"format": "pt"})


def _check_reload(folder, model):
    loaded = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    for (key, actual), (_, wanted) in zip(loaded.state_dict().items(), model.state_dict().items(), strict=True):
        assert torch.equal(actual, wanted), key
    for key in ("vocab_size", "tie_word_embeddings", "layer_types", "sliding_window", "head_dim"):
        assert getattr(loaded.config, key, None) == getattr(model.config, key, None), key
    rope, wanted_rope = (getattr(config, "rope_parameters", {}) for config in (loaded.config, model.config))
    assert {**rope, "type": None} == {**wanted_rope, "type": None}, (rope, wanted_rope)


def _tokenizer(spec):
    return tokenizers.Tokenizer.from_file(str(GOLDENS / "tokenizers" / spec.tokenizer / "tokenizer.json"))


def _ids(spec, what, seed):
    if isinstance(what, str):
        return _tokenizer(spec).encode(what).ids
    return [int(value) for value in generator(seed).integers(4, spec.config["vocab_size"] - 2, what)]


# ---------------------------------------------------------------- the numbers


def _activations(model, ids):
    """hidden.0 (embeddings), hidden.i (output of block i), final (after the last norm, where there is one), logits."""
    base = model.base_model
    blocks = base.layers if hasattr(base, "layers") else base.h
    norm = getattr(base, "norm", None) or getattr(base, "ln_f", None)
    found = {}
    first = lambda value: (value[0] if isinstance(value, (tuple, list)) else value)[0].clone()
    hooks = [blocks[0].register_forward_pre_hook(lambda _, inputs: found.update({"hidden.0": first(inputs)}))]
    for number, block in enumerate(blocks, start=1):
        hooks.append(block.register_forward_hook(lambda _m, _i, out, n=number: found.update({f"hidden.{n}": first(out)})))
    if norm is not None:
        hooks.append(norm.register_forward_hook(lambda _m, _i, out: found.update(final=first(out))))
    found["logits"] = model(torch.tensor([ids])).logits[0]
    for hook in hooks:
        hook.remove()
    assert len(found) == len(blocks) + 2 + (norm is not None)
    return found


def _logits_cached(model, ids):
    """One token at a time. GPT-1 has no cache in Transformers: there each prefix is computed anew."""
    if model.config.model_type == "openai-gpt":
        return torch.stack([model(torch.tensor([ids[: end + 1]])).logits[0, -1] for end in range(len(ids))])
    rows, cache = [], None
    for token in ids:
        output = model(torch.tensor([[token]]), past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        rows.append(output.logits[0, -1])
    return torch.stack(rows)


def _greedy(model, ids):
    """generate(do_sample=False): the new ids, and the smallest distance between the two best logits on the way."""
    model.generation_config = transformers.GenerationConfig(max_new_tokens=NUM_NEW_TOKENS, do_sample=False)
    result = model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), output_logits=True,
        return_dict_in_generate=True,
    )
    best = torch.stack(result.logits)[:, 0].topk(2).values
    new_ids = result.sequences[0, len(ids):].tolist()
    assert len(new_ids) == NUM_NEW_TOKENS
    return new_ids, float((best[:, 0] - best[:, 1]).min())


def _log_probs(model, ids):
    """log p(id[i] | ids before) for i = 1 … n - 1."""
    rows = torch.log_softmax(model(torch.tensor([ids])).logits[0], dim=-1)
    return [float(rows[index, token]) for index, token in enumerate(ids[1:])]
