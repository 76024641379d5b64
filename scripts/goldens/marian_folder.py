"""A whole Marian folder: SentencePiece files of text that the project writes, random weights, and what Transformers translates."""

import io
import json
import subprocess
from pathlib import Path

import sentencepiece
import torch
import transformers
from sentencepiece import sentencepiece_model_pb2

from encoder_decoder import _copy, _random_model as random_model
from float64 import float64
from writing import VERSIONS, empty_folder, write_json

NAME = "marian-folder"
PAIRS = Path(__file__).parents[1] / "default-models" / "normal-forms" / "write-pair.mjs"
NUM_TRAINING, NUM_TEXTS, SEED = 2000, 30, 5
# Source and target are cut differently, and spelled differently beforehand.
SIDES = {
    "source.spm": dict(vocab_size=180, model_type="unigram", normalization_rule_tsv="‘\t'\n’\t'\n–\t-\n"),
    "target.spm": dict(vocab_size=60, model_type="unigram", normalization_rule_name="identity"),
}
SIZES = dict(
    d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
    encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=64,
)
SETTINGS = (dict(num_beams=1), dict(num_beams=4), dict(num_beams=4, length_penalty=0.6))
NOISES, NOISE = 4, 1e-5


def names():
    return [NAME]


def make(_name):
    folder = empty_folder(NAME)
    pairs = _pairs(1, NUM_TRAINING)
    models = {side: _train([pair[place] for pair in pairs], **SIDES[side]) for place, side in enumerate(SIDES)}
    for side, model in models.items():
        (folder / side).write_bytes(model)
    pieces = [piece for model in models.values() for piece in _pieces(model)]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(["</s>", "<unk>", *pieces, "<pad>"]))}
    text = json.dumps(vocabulary, ensure_ascii=False, indent=0) + "\n"
    (folder / "vocab.json").write_text(text, encoding="utf-8")
    config = dict(tokenizer_class="MarianTokenizer", source_lang="words", target_lang="normal", model_max_length=64)
    write_json(folder / "tokenizer_config.json", config)
    tokenizer = transformers.MarianTokenizer(**{
        "source_spm": str(folder / "source.spm"), "target_spm": str(folder / "target.spm"), "vocab": str(folder / "vocab.json"),
    })
    model = _random_model(vocabulary)
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)

    model = transformers.MarianMTModel.from_pretrained(str(folder), attn_implementation="eager")
    with float64():
        exact = _copy(model)
        exact.generation_config = model.generation_config
        texts = [source for source, _ in _pairs(99, NUM_TEXTS)] + ["‘twelve’ o'clock – ☃"]
        cases = [case for text in texts for case in _stable_cases(exact, tokenizer, text)]
    assert len(cases) > len(texts), len(cases)
    num_texts = len({case["text"] for case in cases})
    assert num_texts > len(cases) / 3, f"{num_texts} translations of {len(cases)}: {[case['text'] for case in cases]}"
    write_json(folder / "golden.json", dict(versions={**VERSIONS, "sentencepiece": sentencepiece.__version__}, cases=cases))
    early = sum(len(case["tokenIds"]) < model.generation_config.max_length - 1 for case in cases)
    print(f"{NAME}: {len(vocabulary)} tokens, {len(cases)} translations, {early} of them end early")


def _pairs(seed, count):
    """Pairs of words and normal forms, as the bundled model learns them."""
    script = f"""import {{ writePair }} from {json.dumps(PAIRS.as_uri())};
        const pairs = Array.from({{ length: {count} }}, (_, i) => writePair({seed}, i));
        console.log(JSON.stringify(pairs.filter(({{ language }}) => language === 'English').map(({{ source, target }}) => [source, target])));"""
    return json.loads(subprocess.run(["node", "--input-type=module", "-e", script], check=True, capture_output=True).stdout)


def _train(texts, **settings):
    writer = io.BytesIO()
    rules = settings.pop("normalization_rule_tsv", None)
    path = Path(__file__).parent / ".rules.tsv"
    if rules is not None:
        path.write_text("".join(_rule(line) for line in rules.splitlines()), encoding="utf-8")
        settings["normalization_rule_tsv"] = str(path)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=writer, num_threads=1, hard_vocab_limit=False,
            character_coverage=1.0, minloglevel=2, **settings,
        )
    finally:
        path.unlink(missing_ok=True)
    proto = sentencepiece_model_pb2.ModelProto.FromString(writer.getvalue())
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    return proto.SerializeToString(deterministic=True)


def _rule(line):
    """Code points in hexadecimal, as SentencePiece reads them."""
    spelled = ("".join(f"{ord(letter):X} " for letter in side).strip() for side in line.split("\t"))
    return "\t".join(spelled) + "\n"


def _pieces(model):
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    return [piece.piece for piece in proto.pieces if piece.type == sentencepiece_model_pb2.ModelProto.SentencePiece.NORMAL]


def _random_model(vocabulary):
    pad = vocabulary["<pad>"]
    marks = dict(
        pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad, forced_eos_token_id=0, bad_words_ids=[[pad]],
        max_length=24, num_beams=4, no_repeat_ngram_size=2,
    )
    config = dict(
        vocab_size=len(vocabulary), pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad, bos_token_id=None,
        scale_embedding=True, share_encoder_decoder_embeddings=True, activation_function="swish",
        static_position_embeddings=True,
    )
    model = random_model(dict(architecture="MarianMTModel", sizes=SIZES, config=config, seed=SEED))
    with torch.no_grad():
        # Targets are of the pieces of targets, and end.
        model.final_logits_bias[0, 2:-65] -= 1.5
        model.final_logits_bias[0, 0] = 0.8
    model.generation_config = transformers.GenerationConfig(**marks)
    return model


def _stable_cases(model, tokenizer, text):
    """What beams find, where noise in the logits does not change it."""
    ids = tokenizer(text)["input_ids"]
    for settings in SETTINGS:
        found = [_generate(model, ids, settings, noise) for noise in range(NOISES + 1)]
        if all(one == found[0] for one in found):
            written = tokenizer.decode(found[0], skip_special_tokens=True)
            yield dict(source=text, sourceIds=ids, settings=settings, tokenIds=found[0], text=written)


@torch.no_grad()
def _generate(model, source_ids, settings, noise):
    random = torch.Generator().manual_seed(noise)

    def shake(_, scores):
        return scores if noise == 0 else scores + NOISE * torch.randn(scores.shape, generator=random, dtype=scores.dtype)

    processors = transformers.LogitsProcessorList([shake])
    output = model.generate(torch.tensor([source_ids]), do_sample=False, logits_processor=processors, **settings)
    return [int(token) for token in output[0][1:]]
