"""Encoder-decoder models as Hugging Face folders, with the numbers that Transformers computes for them in float64."""

import torch
import transformers

from float64 import float64
from random_weights import fill
from writing import VERSIONS, empty_folder, generator, relative_error, round_to, write_json, write_tensors

PREFIX = "encoder-decoder-"
NUM_NEW_TOKENS = 12
MIN_GREEDY_MARGIN = 0.003  # between the best two logits: float32 errors are below 1e-5
SOURCE_LENGTH, TARGET_LENGTH = 19, 9
# Of the two pairs that the loss is taken over: sources and targets, each target with its start token.
PAIR_LENGTHS = ((7, 5), (17, 9))

SIZES = dict(
    d_model=20, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=2,
    encoder_ffn_dim=28, decoder_ffn_dim=36, max_position_embeddings=48,
)
# Distances beyond the last bucket on both sides, and heads that do not divide the model.
T5_SIZES = dict(
    vocab_size=61, d_model=16, d_kv=6, d_ff=20, num_layers=2, num_decoder_layers=2, num_heads=3,
    relative_attention_num_buckets=8, relative_attention_max_distance=7, decoder_start_token_id=0,
)
T5_GAINS = {"Attention.q.": 0.8, "Attention.v.": 1.5, "Attention.o.": 2.0, "relative_attention_bias": 2.0, "wo": 2.0, "lm_head": 2.0}
GAINS = {"q_proj": 1.6, "k_proj": 1.6, "v_proj": 1.5, "out_proj": 2.0, "fc2": 2.0, "embed_positions": 0.7}

MODELS = {
    "bart": dict(
        architecture="BartForConditionalGeneration", seed=61, gradients=True,
        config=dict(vocab_size=61, activation_function="gelu", bos_token_id=0, pad_token_id=1, eos_token_id=2,
                    decoder_start_token_id=2, forced_eos_token_id=None),
    ),
    "mbart": dict(
        architecture="MBartForConditionalGeneration", seed=212,
        config=dict(vocab_size=61, activation_function="relu", scale_embedding=True, bos_token_id=0, pad_token_id=1,
                    eos_token_id=2, decoder_start_token_id=57, forced_eos_token_id=None),
    ),
    "marian": dict(
        architecture="MarianMTModel", seed=53,
        config=dict(vocab_size=61, activation_function="swish", scale_embedding=True, pad_token_id=60, eos_token_id=0,
                    decoder_start_token_id=60, forced_eos_token_id=None),
    ),
    "marian-two-vocabularies": dict(
        architecture="MarianMTModel", seed=84,
        config=dict(vocab_size=53, decoder_vocab_size=67, share_encoder_decoder_embeddings=False,
                    activation_function="relu", scale_embedding=True, pad_token_id=52, eos_token_id=0,
                    decoder_start_token_id=52, forced_eos_token_id=None),
    ),
    "bart-untied": dict(
        architecture="BartForConditionalGeneration", seed=60,
        config=dict(vocab_size=37, activation_function="gelu", tie_word_embeddings=False, bos_token_id=0, pad_token_id=1,
                    eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None),
    ),
    "t5": dict(
        architecture="T5ForConditionalGeneration", seed=60, gradients=True, sizes=T5_SIZES, gains=T5_GAINS,
        config=dict(feed_forward_proj="relu"),
    ),
    "t5-v1.1": dict(
        architecture="T5ForConditionalGeneration", seed=61, gradients=True, sizes=T5_SIZES, gains=T5_GAINS,
        config=dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    ),
    "m2m-100": dict(
        architecture="M2M100ForConditionalGeneration", seed=65, gradients=True,
        config=dict(vocab_size=61, activation_function="relu", scale_embedding=True, bos_token_id=0, pad_token_id=1,
                    eos_token_id=2, decoder_start_token_id=2),
    ),
}


def names():
    return [PREFIX + name for name in MODELS]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    spec = MODELS[name]
    folder = empty_folder("encoder-decoder", name)
    model = _random_model(spec)
    model.save_pretrained(folder)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    _check_reload(folder, model)

    random = generator(spec["seed"] + 100)
    sources, targets = model.config.vocab_size - 4, getattr(model.config, "decoder_vocab_size", model.config.vocab_size) - 4
    source_ids = random.integers(4, sources, SOURCE_LENGTH).tolist()
    target_ids = [model.config.decoder_start_token_id, *random.integers(4, targets, TARGET_LENGTH - 1).tolist()]
    pairs = [(random.integers(4, sources, s).tolist(),
              [model.config.decoder_start_token_id, *random.integers(4, targets, t).tolist()]) for s, t in PAIR_LENGTHS]
    with float64():
        exact = _copy(model)
        with torch.no_grad():
            tensors = _run(exact, source_ids, target_ids)
            cached = _logits_cached(exact, source_ids, target_ids)
            greedy_ids, margin = _greedy(exact, source_ids)
    assert float((cached - tensors["logits"]).abs().max()) < 1e-11
    assert margin > MIN_GREEDY_MARGIN, f"{name}: greedy margin {margin}: take another seed"
    assert len(set(greedy_ids)) > 1, f"{name}: dull continuation {greedy_ids}: take another seed"
    with float64():
        loss, gradients = _gradients(_copy(model), pairs)
    with torch.no_grad():
        rounded = _run(_copy(model), source_ids, target_ids)
    _, rounded_gradients = _gradients(_copy(model), pairs)

    write_tensors(folder / "golden.safetensors", tensors)
    errors = {key: relative_error(rounded[key], tensors[key]) for key in tensors}
    golden = dict(
        architecture=spec["architecture"], computedIn="float64", sourceIds=source_ids, targetIds=target_ids,
        greedyIds=greedy_ids, greedyMinMargin=round(margin, 4), eosIgnored=True, numParameters=_num_parameters(model),
        float32Errors=errors, versions=VERSIONS,
    )
    if spec.get("gradients"):
        write_tensors(folder / "gradients.safetensors", gradients)
        golden |= dict(pairs=[dict(sourceIds=source, targetIds=target) for source, target in pairs], loss=round_to(loss, 12))
        golden["float32Errors"]["gradients"] = max(relative_error(rounded_gradients[key], gradients[key]) for key in gradients)
    write_json(folder / "golden.json", golden)
    print(f"{full_name}: margin {margin:.3f}, float32 error {errors['logits']:.1e}, greedy {greedy_ids}")


def _random_model(spec):
    config = getattr(transformers, spec["architecture"]).config_class(**spec.get("sizes", SIZES), **spec["config"])
    config._attn_implementation = "eager"
    torch.manual_seed(spec["seed"])
    model = _build(getattr(transformers, spec["architecture"]), config)
    frozen = {key: value.clone() for key, value in model.named_parameters() if not value.requires_grad}
    # With tied embeddings the output likes the token it has just read: quieter embeddings.
    embedding_gain = 0.25 if getattr(config, "scale_embedding", False) else 0.5
    fill(model, spec["seed"], {**spec.get("gains", GAINS), "shared": embedding_gain, "embed_tokens": embedding_gain})
    with torch.no_grad():
        for key, value in model.named_parameters():
            if key in frozen:
                value.copy_(frozen[key])  # sinusoidal positions
        if hasattr(model, "final_logits_bias"):
            noise = generator(spec["seed"] + 50).standard_normal(tuple(model.final_logits_bias.shape))
            model.final_logits_bias.copy_(torch.round(torch.from_numpy(noise) * 0.2 * 4096) / 4096)
    return model.eval()


def _build(architecture, config):
    """Transformers 5 ties every T5 until its weights say otherwise."""
    model = architecture(config)
    if not getattr(config, "scale_decoder_outputs", True):
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    return model


def _copy(model):
    """The same weights in a model of the current precision; sinusoidal positions are computed in it."""
    built = _build(type(model), model.config).to(torch.float32).eval()
    state = {key: value for key, value in model.state_dict().items() if not _is_sinusoidal(model, key)}
    missing, unexpected = built.load_state_dict(state, strict=False)
    assert not unexpected and all(_is_sinusoidal(model, key) for key in missing), (missing, unexpected)
    for part in built.modules():
        if type(part).__name__ == "MarianSinusoidalPositionalEmbedding":
            part.weight.data.copy_(_paper_positions(*part.weight.shape))
    return built


def _paper_positions(rows, channels):
    """Transformers rounds Marian's table to float32 whatever the precision."""
    place = torch.arange(rows, dtype=torch.float64)[:, None]
    angles = place * 10000 ** (-torch.arange(channels // 2, dtype=torch.float64) / (channels // 2))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _is_sinusoidal(model, key):
    return "embed_positions" in key and model.config.model_type in ("marian", "m2m_100")


def _num_parameters(model):
    is_read = lambda key: not _is_sinusoidal(model, key) and (model.config.tie_word_embeddings or key != "model.shared.weight")
    seen = {key: value.numel() for key, value in model.named_parameters() if is_read(key)}
    return sum(seen.values()) + (model.final_logits_bias.numel() if hasattr(model, "final_logits_bias") else 0)


def _check_reload(folder, model):
    loaded = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    for (key, actual), (_, wanted) in zip(loaded.state_dict().items(), model.state_dict().items(), strict=True):
        assert torch.allclose(actual, wanted, atol=0 if not _is_sinusoidal(model, key) else 1e-6), key


def _run(model, source_ids, target_ids):
    """The encoder's output and the logits of every target token, all at once."""
    output = model(torch.tensor([source_ids]), decoder_input_ids=torch.tensor([target_ids]), use_cache=False)
    return dict(encoded=output.encoder_last_hidden_state[0], logits=output.logits[0])


def _logits_cached(model, source_ids, target_ids):
    encoded = model.get_encoder()(torch.tensor([source_ids]))
    rows, cache = [], None
    for token in target_ids:
        output = model(encoder_outputs=encoded, decoder_input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        rows.append(output.logits[0, -1])
    return torch.stack(rows)


def _greedy(model, source_ids):
    """The likeliest tokens after the start token, and the smallest distance between the two best logits on the way."""
    ids, margin = [model.config.decoder_start_token_id], float("inf")
    for _ in range(NUM_NEW_TOKENS):
        best = _run(model, source_ids, ids)["logits"][-1].topk(2)
        margin = min(margin, float(best.values[0] - best.values[1]))
        ids.append(int(best.indices[0]))
    return ids[1:], margin


def _gradients(model, pairs):
    """The mean negative log likelihood of all target tokens; each pair runs by itself, so nothing is padded."""
    sums = []
    bias = getattr(model, "final_logits_bias", None)
    if bias is not None:
        bias.requires_grad_()
    for source_ids, target_ids in pairs:
        logits = _run(model, source_ids, target_ids[:-1])["logits"]
        picked = torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(target_ids[1:])[:, None])
        sums.append(-picked.sum())
    loss = torch.stack(sums).sum() / sum(len(target_ids) - 1 for _, target_ids in pairs)
    loss.backward()
    found = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    return loss.item(), found if bias is None else {**found, "final_logits_bias": bias.grad}
