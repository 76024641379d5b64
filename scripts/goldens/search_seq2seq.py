"""Beam search over a source: what Transformers' generate() finds with the tiny encoder-decoder models, in float64.

Settings have Transformers' names, as they stand in a generation_config.json. As in search.py, a source is taken only if noise
does not change the outcome.
"""

import itertools
import types

import torch
import transformers

from float64 import float64
from search import NUM_NOISES, Noise, _by_frequency
from writing import GOLDENS, VERSIONS, generator, write_json

SOURCE_LENGTH = 11
MODELS = {"bart": transformers.BartForConditionalGeneration, "marian": transformers.MarianMTModel,
          "m2m-100": transformers.M2M100ForConditionalGeneration}
GRID = itertools.product(("bart", "marian"), (1, 4, 5), (0.6, 1.0, 2.0))

OTHERS = (
    ("bart", dict(num_beams=4, early_stopping=True, no_repeat_ngram_size=3, forced_bos_token_id=0, max_length=14, min_length=5)),
    ("bart", dict(num_beams=3, forced_eos_token_id=2, max_length=6, num_return_sequences=3)),
    ("bart", dict(num_beams=4, encoder_no_repeat_ngram_size=1, num_return_sequences=2, max_length=12)),
    ("bart", dict(num_beams=2, encoder_repetition_penalty=1.3, num_return_sequences=2, max_length=12)),
    ("bart", dict(num_beams=4, early_stopping="never", length_penalty=2.0, num_return_sequences=4, max_length=10)),
    ("marian", dict(num_beams=6, bad_words_ids=[[60]], renormalize_logits=True, forced_eos_token_id=0, max_length=12)),
    ("marian", dict(num_beams=4, bad_words_ids=[[60], [1, 1]], repetition_penalty=1.4, max_length=12, min_length=6)),
    ("m2m-100", dict(num_beams=5, forced_bos_token_id=17, max_length=12, num_return_sequences=5)),
    ("m2m-100", dict(num_beams=1, forced_bos_token_id=23, max_length=9)),
)


def names():
    return ["search-seq2seq"]


def make(_name):
    models = {name: _load(name) for name in MODELS}
    grid = [(name, dict(num_beams=beams, length_penalty=penalty, num_return_sequences=beams, max_length=14))
            for name, beams, penalty in GRID]
    cases = [_stable_case(models[name], settings, 1000 * number)
             for number, (name, settings) in enumerate((*grid, *OTHERS))]
    early = sum(any(len(ids) < case["settings"]["max_length"] - 1 for ids in case["sequences"]) for case in cases)
    assert early > len(cases) / 2, early
    write_json(GOLDENS / "search-seq2seq.json", dict(versions=VERSIONS, cases=cases))
    print(f"search-seq2seq: {len(cases)} cases, in {early} of them sequences end early")


def _load(name):
    """A model in float64, with nothing in its generation settings but special tokens."""
    folder = GOLDENS / "encoder-decoder" / name
    model = MODELS[name].from_pretrained(str(folder), attn_implementation="eager")
    with float64():
        exact = type(model)(model.config).to(torch.float32).eval()
        exact.load_state_dict(model.state_dict())
    exact.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=model.generation_config.decoder_start_token_id, pad_token_id=model.config.pad_token_id,
    )
    return types.SimpleNamespace(name=name, exact=exact)


def _stable_case(model, plan, first_seed):
    for seed in range(first_seed, first_seed + 80):
        source = [int(value) for value in generator(seed).integers(4, model.exact.config.vocab_size - 2, SOURCE_LENGTH)]
        settings = dict(plan, eos_token_id=_liked_token(model, source))
        sequences, scores = _find(model, source, settings, [])
        if all(_find(model, source, settings, [Noise(n)])[0] == sequences for n in range(NUM_NOISES)):
            return dict(model=model.name, sourceIds=source, settings=settings, sequences=sequences,
                        scores=None if scores is None else [round(score, 7) for score in scores])
    raise AssertionError(f"{plan}: no stable source")


def _liked_token(model, source):
    """One that ends many of five beams, not at once."""
    sequences, _ = _find(model, source, dict(num_beams=5, num_return_sequences=5, max_length=11), [])
    return _by_frequency([token for ids in sequences for token in set(ids[2:])])[0]


def _find(model, source, settings, processors):
    """The returned sequences without the start token, and their scores where there are beams."""
    with float64(), torch.no_grad():
        output = model.exact.generate(
            torch.tensor([source]), attention_mask=torch.ones(1, len(source), dtype=torch.long), do_sample=False,
            logits_processor=processors, return_dict_in_generate=True, output_scores=True, **settings,
        )
    rows = [row[1:] for row in output.sequences.tolist()]
    if settings["num_beams"] == 1:
        return rows, None
    lengths = (output.beam_indices >= 0).sum(dim=1).tolist()
    return [row[:length] for row, length in zip(rows, lengths, strict=True)], output.sequences_scores.tolist()
