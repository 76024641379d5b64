"""What Transformers' logits processors do to rows of logits, and OpenAI's penalties by their published formula."""

import numpy
import torch
from transformers import generation

from writing import GOLDENS, VERSIONS, generator, write_json

VOCAB = 50
EOS = 7

# Options in the order in which they are applied, which is also the order inside Transformers' generate().
CASES = (
    ("temperature below one", dict(temperature=0.3)),
    ("temperature above one", dict(temperature=1.7)),
    ("top-k of one", dict(topK=1)),
    ("top-k", dict(topK=7)),
    ("top-k above the vocabulary", dict(topK=80)),
    ("top-k with ties at the border keeps all of them", dict(topK=4), "ties"),
    ("top-p", dict(topP=0.8)),
    ("top-p so small that one token remains", dict(topP=0.01)),
    ("top-p near one", dict(topP=0.999)),
    ("min-p", dict(minP=0.1)),
    ("min-p of one keeps the best", dict(minP=1.0)),
    ("repetition penalty", dict(repetitionPenalty=1.3)),
    ("repetition penalty below one", dict(repetitionPenalty=0.8)),
    ("frequency penalty", dict(frequencyPenalty=0.7)),
    ("presence penalty", dict(presencePenalty=1.1)),
    ("negative frequency and presence penalties", dict(frequencyPenalty=-0.5, presencePenalty=-0.25)),
    ("min new tokens not reached", dict(minNewTokens=8)),
    ("min new tokens reached", dict(minNewTokens=6)),
    ("temperature, top-k and top-p", dict(temperature=0.7, topK=20, topP=0.9)),
    ("temperature, top-p and min-p", dict(temperature=1.5, topP=0.95, minP=0.05)),
    ("repetition penalty, temperature, top-k, top-p and min-p",
     dict(repetitionPenalty=1.2, temperature=0.8, topK=12, topP=0.85, minP=0.02)),
    ("min new tokens and top-k", dict(minNewTokens=10, topK=3)),
)


def names():
    return ["sampling"]


def make(_name):
    cases = [case for number, row in enumerate(CASES) for case in _case_pair(number, *row)]
    write_json(GOLDENS / "sampling.json", dict(vocabSize=VOCAB, eosTokenId=EOS, versions=VERSIONS, cases=cases))
    print(f"sampling: {len(cases)} cases")


def _case_pair(number, name, options, kind="random"):
    """Each case twice: moderate logits, and wide ones, mostly negative."""
    for variant, (scale, shift) in enumerate(((2.0, 0.0), (6.0, -4.0))):
        random = generator(1000 + 10 * number + variant)
        logits = numpy.round((random.standard_normal(VOCAB) * scale + shift) * 256) / 256
        logits[EOS] = logits.max() + 0.5  # so that forbidding the end shows
        if kind == "ties":
            order = numpy.argsort(-logits)
            logits[order[3:6]] = logits[order[3]]
        else:
            assert len(set(logits)) > VOCAB - 5
        prompt = [int(value) for value in random.integers(0, VOCAB, 9)]
        generated = [int(value) for value in random.integers(0, VOCAB, 4)]
        generated += [generated[0], int(numpy.argmax(logits))]  # one token twice, and the best one
        output = _processed(logits, prompt, generated, options)
        yield dict(
            name=name, options=options, promptIds=prompt, generatedIds=generated, logits=logits.tolist(),
            processed=[float(value) if numpy.isfinite(value) else None for value in output],
        )


def _processed(logits, prompt, generated, options):
    ids = torch.tensor([prompt + generated])
    scores = torch.tensor(logits[None], dtype=torch.float64)
    for option, value in options.items():
        scores = _step(option, value, ids, scores, len(prompt), generated)
    return scores[0].numpy()


def _step(option, value, ids, scores, num_prompt, generated):
    if option in ("frequencyPenalty", "presencePenalty"):
        return torch.from_numpy(_openai_penalty(option, value, scores.numpy(), generated))
    processor = {
        "temperature": lambda: generation.TemperatureLogitsWarper(value),
        "topK": lambda: generation.TopKLogitsWarper(value),
        "topP": lambda: generation.TopPLogitsWarper(value),
        "minP": lambda: generation.MinPLogitsWarper(value),
        "repetitionPenalty": lambda: generation.RepetitionPenaltyLogitsProcessor(value),
        "minNewTokens": lambda: generation.MinNewTokensLengthLogitsProcessor(num_prompt, value, EOS),
    }[option]()
    return processor(ids, scores)


def _openai_penalty(option, value, scores, generated):
    """mu[j] − c[j] · alpha_frequency − (c[j] > 0) · alpha_presence, c[j]: how often j was sampled so far."""
    counts = numpy.bincount(generated, minlength=VOCAB)
    return scores - value * (counts if option == "frequencyPenalty" else counts > 0)
