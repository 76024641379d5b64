"""Beam search: what Transformers' generate() finds with the tiny models, in float64.

Random models have near-ties. A prompt is taken only if the outcome stays the same when every log probability is changed by
up to NOISE, several times over, so that no rounding of float32 can change it either.
"""

import collections
import itertools
import types

import torch
import transformers

from float64 import float64
from writing import GOLDENS, VERSIONS, generator, read_json, write_json

NOISE = 3e-4
NUM_NOISES = 3
PROMPT_LENGTH = 7
MODELS = ("gpt2", "llama-gqa", "gpt2-untied", "mistral")

NAMES = dict(
    numBeams="num_beams", numReturnSequences="num_return_sequences", lengthPenalty="length_penalty",
    earlyStopping="early_stopping", maxNewTokens="max_new_tokens", minNewTokens="min_new_tokens", stopTokenIds="eos_token_id",
    stopStrings="stop_strings", repetitionPenalty="repetition_penalty", noRepeatNgramSize="no_repeat_ngram_size",
    renormalizeLogits="renormalize_logits",
)

BEAMS = (2, 4, 5)
LENGTH_PENALTIES = (0, 0.6, 1, 2, -1)
EARLY_STOPPING = (True, False, "never")

# Beside every combination of the above. `ends` is how many tokens end a sequence; they are taken among those that beams like.
OTHERS = (
    *[dict(numBeams=1, maxNewTokens=8, ends=1, lengthPenalty=penalty, earlyStopping=stopping)
      for penalty, stopping in ((1, True), (1, False), (2, "never"), (0, False))],
    dict(numBeams=4, maxNewTokens=10, ends=0),
    dict(numBeams=4, maxNewTokens=1, ends=1),
    dict(numBeams=4, maxNewTokens=10, ends=3, numReturnSequences=4),
    dict(numBeams=2, maxNewTokens=10, ends=5, earlyStopping="never", numReturnSequences=2),
    dict(numBeams=3, maxNewTokens=10, ends=2, minNewTokens=6, numReturnSequences=3),
    dict(numBeams=5, maxNewTokens=10, ends=1, minNewTokens=10, numReturnSequences=2),
    dict(numBeams=4, maxNewTokens=12, ends=1, repetitionPenalty=1.3, numReturnSequences=2),
    dict(numBeams=4, maxNewTokens=12, ends=1, repetitionPenalty=0.8, lengthPenalty=0, numReturnSequences=2),
    dict(numBeams=4, maxNewTokens=14, ends=1, noRepeatNgramSize=1, numReturnSequences=2),
    dict(numBeams=5, maxNewTokens=14, ends=1, noRepeatNgramSize=2, earlyStopping=True, numReturnSequences=2),
    dict(numBeams=3, maxNewTokens=12, ends=1, noRepeatNgramSize=2, repetitionPenalty=1.2, minNewTokens=4, lengthPenalty=2,
         numReturnSequences=3),
    dict(numBeams=4, maxNewTokens=10, ends=1, repetitionPenalty=1.3, renormalizeLogits=True, numReturnSequences=2),
    dict(numBeams=4, maxNewTokens=10, ends=1, allowed=3, numReturnSequences=2),
    dict(numBeams=3, maxNewTokens=10, ends=2, allowed=2, repetitionPenalty=1.2, earlyStopping="never", numReturnSequences=3),
    dict(numBeams=3, maxNewTokens=12, ends=0, stops=2, earlyStopping=True, numReturnSequences=3),
    dict(numBeams=4, maxNewTokens=12, ends=1, stops=3, lengthPenalty=0, earlyStopping="never", numReturnSequences=4),
)


def names():
    return ["search"]


def make(_name):
    models = {name: load(name) for name in MODELS}
    grid = itertools.product(BEAMS, LENGTH_PENALTIES, EARLY_STOPPING)
    plans = [dict(numBeams=beams, lengthPenalty=penalty, earlyStopping=stopping, maxNewTokens=12, ends=1 + number % 3,
                  numReturnSequences=beams)
             for number, (beams, penalty, stopping) in enumerate(grid)]
    cases = []
    for number, plan in enumerate((*plans, *OTHERS)):
        model = "gpt2" if "stops" in plan else MODELS[number % len(MODELS)]
        cases.append(stable_case(models[model], plan, 1000 * number, find))
    early = sum(any(len(ids) < case["options"]["maxNewTokens"] for ids in case["sequences"]) for case in cases)
    assert early > len(cases) / 2, early
    write_json(GOLDENS / "search.json", dict(versions=VERSIONS, cases=cases))
    print(f"search: {len(cases)} cases, in {early} of them sequences end early")


def find(model, prompt, options, allowed, processors):
    """The returned sequences, and their scores."""
    vocab_size = model.exact.config.vocab_size
    function = None if allowed is None else lambda _, ids: allowed_after(int(ids[-1]), allowed, vocab_size)
    settings = {NAMES[key]: value for key, value in options.items() if value != []}
    # Transformers chooses greedy search for one beam.
    method = transformers.GenerationMixin._beam_search if options["numBeams"] == 1 else None
    output = model.exact.generate(
        torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
        logits_processor=processors, prefix_allowed_tokens_fn=function, custom_generate=method, pad_token_id=1,
        tokenizer=model.tokenizer if "stopStrings" in options else None, return_dict_in_generate=True, output_scores=True,
        **settings,
    )
    rows = [row[len(prompt):] for row in output.sequences.tolist()]
    lengths = (output.beam_indices >= 0).sum(dim=1).tolist()
    return [row[:length] for row, length in zip(rows, lengths, strict=True)], output.sequences_scores.tolist()


# ---------------------------------------------------------------- also for search_4.py


def load(name):
    """A model in float64, without generation settings of its own."""
    folder = GOLDENS / "models" / name
    model = transformers.AutoModelForCausalLM.from_pretrained(str(folder), attn_implementation="eager")
    with float64():
        exact = type(model)(model.config).to(torch.float32).eval()
        exact.load_state_dict(model.state_dict())
    exact.generation_config = transformers.GenerationConfig()
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder)) if name == "gpt2" else None
    loaded = types.SimpleNamespace(name=name, exact=exact, tokenizer=tokenizer)
    _check_greedy(loaded, read_json(folder / "golden.json"))
    return loaded


def _check_greedy(model, golden):
    """Another version of Transformers might read config.json otherwise."""
    ids, count = golden["promptIds"], len(golden["greedyIds"])
    with float64(), torch.no_grad():
        output = model.exact.generate(
            torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
            max_new_tokens=count,
        )
    assert output[0, len(ids):].tolist() == golden["greedyIds"], model.name


def stable_case(model, plan, first_seed, search):
    """A case with the first prompt whose outcome does not hang on a hair."""
    for seed in range(first_seed, first_seed + 50):
        prompt = [int(value) for value in generator(seed).integers(4, model.exact.config.vocab_size - 2, PROMPT_LENGTH)]
        options = _options(model, prompt, plan)
        run = lambda processors: _run(search, model, prompt, options, plan.get("allowed"), processors)
        sequences, scores = run([])
        if _stops_show(model, options, sequences) and all(run([Noise(n)])[0] == sequences for n in range(NUM_NOISES)):
            allowed = {"allowed": plan["allowed"]} if "allowed" in plan else {}
            return dict(model=model.name, promptIds=prompt, options=options, **allowed, sequences=sequences,
                        scores=[round(score, 7) for score in scores])
    raise AssertionError(f"{plan}: no stable prompt")


def _options(model, prompt, plan):
    options = {key: value for key, value in plan.items() if key not in ("ends", "stops", "allowed")}
    if "ends" in plan:
        options["stopTokenIds"] = _liked_tokens(model, prompt)[:plan["ends"]]
    if "stops" in plan:
        options["stopStrings"] = _liked_texts(model, prompt)[:plan["stops"]]
    return options


def _stops_show(model, options, sequences):
    if "stopStrings" not in options:
        return True
    texts = [model.tokenizer.decode(ids) for ids in sequences]
    return any(stop in text for stop in options["stopStrings"] for text in texts)


class Noise:
    """Changes every log probability a little."""

    def __init__(self, seed):
        self.random = torch.Generator().manual_seed(seed)

    def __call__(self, _ids, scores):
        return scores + NOISE * (2 * torch.rand(scores.shape, generator=self.random, dtype=torch.float64) - 1)


def allowed_after(last, modulus, vocab_size):
    """The tokens of a prefix function: those that do not add up with the last one to a multiple of the modulus."""
    return [token for token in range(vocab_size) if (last + token) % modulus != 0]


def _run(search, model, prompt, options, allowed, processors):
    with float64(), torch.no_grad():
        return search(model, prompt, options, allowed, processors)


def _liked_tokens(model, prompt):
    """Those that are in the most of five beams, not at once."""
    return _by_frequency([token for ids in _five_beams(model, prompt) for token in set(ids[2:])])


def _liked_texts(model, prompt):
    """Plain texts of two tokens that beams come to, not at once."""
    pairs = [ids[start:start + 2] for ids in _five_beams(model, prompt) for start in range(2, len(ids) - 1)]
    texts = [model.tokenizer.decode(pair) for pair in pairs]
    return _by_frequency([text for text in texts if text.isascii() and text.isprintable()])


def _five_beams(model, prompt):
    return _run(find, model, prompt, dict(numBeams=5, numReturnSequences=5, maxNewTokens=10), None, [])[0]


def _by_frequency(values):
    return [value for value, _ in sorted(collections.Counter(values).items(), key=lambda item: (-item[1], item[0]))]
