"""CTranslate2 on the benchmark's random Marian model: settings as JSON on stdin, seconds and targets as JSON on stdout.

The model's folder is converted once: its safetensors are put into CTranslate2's own description of a Transformer, as its converter
of Marian models does.
"""

import json
import os
import struct
import sys
import time

import ctranslate2
import numpy


def main():
    settings = json.load(sys.stdin)
    if not os.path.exists(settings["converted"]):
        convert(settings["model"], settings["converted"])
    translator = ctranslate2.Translator(
        settings["converted"], device="cpu", compute_type="float32", inter_threads=1, intra_threads=settings["threads"],
    )
    sources = [[str(token) for token in ids] for ids in settings["sources"]]
    count = settings["targetTokens"]
    options = dict(beam_size=settings["beams"], length_penalty=1, max_batch_size=len(sources), disable_unk=False)
    translator.translate_batch(sources[:2], min_decoding_length=2, max_decoding_length=2, **options)
    start = time.perf_counter()
    results = translator.translate_batch(sources, min_decoding_length=count, max_decoding_length=count, **options)
    seconds = time.perf_counter() - start
    targets = [[int(token) for token in result.hypotheses[0]] for result in results]
    print(json.dumps(dict(seconds=seconds, targets=targets, version=ctranslate2.__version__)))


def convert(folder, output):
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    weights = read_safetensors(os.path.join(folder, "model.safetensors"))
    spec = ctranslate2.specs.TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]), config["encoder_attention_heads"], pre_norm=False,
        activation=ctranslate2.specs.Activation.SWISH,
    )
    for side in ("encoder", "decoder"):
        set_side(getattr(spec, side), side, weights, config)
    spec.decoder.projection.weight = weights["model.shared.weight"]
    spec.decoder.projection.bias = weights["final_logits_bias"].reshape(-1)
    tokens = [str(token) for token in range(config["vocab_size"])]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.bos_token = spec.config.decoder_start_token = str(config["decoder_start_token_id"])
    spec.config.eos_token, spec.config.unk_token = str(config["eos_token_id"]), "1"
    spec.config.add_source_eos = False
    spec.validate()
    os.makedirs(output)
    spec.save(output)


def set_side(spec, side, weights, config):
    width = config["d_model"]
    embeddings = spec.embeddings[0] if isinstance(spec.embeddings, list) else spec.embeddings
    embeddings.weight = weights["model.shared.weight"]
    spec.scale_embeddings = True
    spec.position_encodings.encodings = sinusoids(config["max_position_embeddings"], width)
    for number, layer in enumerate(spec.layer):
        name = f"model.{side}.layers.{number}"
        attention = lambda target, part, names: set_attention(target, weights, f"{name}.{part}", names)
        if side == "encoder":
            attention(layer.self_attention, "self_attn", (("q", "k", "v"), ("out",)))
        else:
            attention(layer.self_attention, "self_attn", (("q", "k", "v"), ("out",)))
            attention(layer.attention, "encoder_attn", (("q",), ("k", "v"), ("out",)))
            set_norm(layer.attention.layer_norm, weights, f"{name}.encoder_attn_layer_norm")
        set_norm(layer.self_attention.layer_norm, weights, f"{name}.self_attn_layer_norm")
        for ours, theirs in ((layer.ffn.linear_0, "fc1"), (layer.ffn.linear_1, "fc2")):
            ours.weight, ours.bias = weights[f"{name}.{theirs}.weight"], weights[f"{name}.{theirs}.bias"]
        set_norm(layer.ffn.layer_norm, weights, f"{name}.final_layer_norm")


def set_attention(spec, weights, name, groups):
    for linear, parts in zip(spec.linear, groups, strict=True):
        linear.weight = numpy.concatenate([weights[f"{name}.{part}_proj.weight"] for part in parts])
        linear.bias = numpy.concatenate([weights[f"{name}.{part}_proj.bias"] for part in parts])


def set_norm(spec, weights, name):
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def sinusoids(count, width):
    """Sines in the first half of the channels, cosines in the second."""
    angles = numpy.arange(count)[:, None] / numpy.power(10000, numpy.arange(width // 2)[None] / (width // 2))
    return numpy.concatenate([numpy.sin(angles), numpy.cos(angles)], axis=1).astype(numpy.float32)


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start = file.tell()
    data = numpy.memmap(path, dtype=numpy.uint8, mode="r", offset=start)
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(data[begin:end].tobytes(), numpy.float32).reshape(entry["shape"])
    return tensors


main()
