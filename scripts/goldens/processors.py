"""What Transformers' other logits processors do to rows of logits; the Hamming diversity of beam groups by its formula."""

import math

import numpy
import torch
from transformers import generation
from transformers.utils import ModelOutput

from writing import GOLDENS, VERSIONS, generator, write_json

VOCAB = 40
PROMPT = [5, 9, 5, 9, 30, 2, 17, 30, 5]
GENERATED = [9, 30, 2, 11, 5, 9]  # "5 9" came before 5 and 30
COPYING = [9, 30, 2, 11, 30, 2]  # "30 2" came before 17 in the prompt and before 11 after it
ENDS = [7, 11]

# (name, processor, argument, row[, prompt, generated])
CASES = (
    *[(f"typical {p}, {row}", "typical", p, row)
      for p, row in ((0.2, "moderate"), (0.9, "moderate"), (0.5, "wide"), (0.95, "wide"), (0.01, "peaked"), (0.9, "peaked"),
                     (0.5, "holes"), (0.3, "equal"), (0.6, "ties"), (0.999, "moderate"))],
    *[(f"epsilon {epsilon}, {row}", "epsilonCutoff", epsilon, row)
      for epsilon, row in ((0.01, "moderate"), (3e-4, "wide"), (0.02, "holes"), (0.9, "moderate"), (0.5, "equal"))],
    *[(f"eta {epsilon}, {row}", "etaCutoff", epsilon, row)
      for epsilon, row in ((0.01, "moderate"), (3e-4, "wide"), (0.1, "holes"), (0.2, "peaked"), (0.9, "equal"))],
    ("prompt encouraged", "encoderRepetitionPenalty", 1.5, "moderate"),
    ("prompt discouraged", "encoderRepetitionPenalty", 0.7, "wide"),
    ("prompt encouraged beside removed tokens", "encoderRepetitionPenalty", 1.2, "holes"),
    *[(f"no repeated {size}-gram", "noRepeatNgram", size, "moderate") for size in (1, 2, 3, 4)],
    ("no repeated 2-gram of one token", "noRepeatNgram", 2, "wide", [4], []),
    ("no repeated 2-gram of equal tokens", "noRepeatNgram", 2, "wide", [4, 4], [4]),
    ("no repeated 9-gram of fewer tokens", "noRepeatNgram", 9, "wide", [4, 4], [4]),
    ("no repeated 3-gram of prompt and text", "noRepeatNgram", 3, "moderate", PROMPT, COPYING),
    ("no repeated 4-gram that spans both", "noRepeatNgram", 4, "moderate", PROMPT, COPYING[:3]),
    *[(f"no {size}-gram of the prompt", "encoderNoRepeatNgram", size, "moderate") for size in (1, 2, 3)],
    ("no 3-gram of the prompt, though one of the text", "encoderNoRepeatNgram", 3, "moderate", PROMPT, COPYING),
    ("no 4-gram of the prompt, before there are enough tokens", "encoderNoRepeatNgram", 4, "wide", [4, 4], []),
    ("bias of sequences", "sequenceBias",
     [[[3], 2.5], [[9, 12], -4.0], [[5, 9, 12], 1.25], [[9, 5, 13], 8.0], [[9], -1.5]], "moderate"),
    ("bias of one token and of a sequence that ends with it", "sequenceBias", [[[12], 1.0], [[9, 12], 1.0]], "holes"),
    ("bias of a sequence longer than the text", "sequenceBias", [[[5, 9, 12], 1.0]], "wide", [9], []),
    ("bad words", "badWords", [[3], [9, 12], [5, 9, 14], [30, 9, 15], [7]], "moderate"),
    ("suppressed tokens", "suppressTokens", [0, 3, 39, 3], "moderate"),
    ("suppressed at the beginning", "beginSuppressTokens", [0, 3, 39], "moderate", PROMPT, []),
    ("suppressed at the beginning only", "beginSuppressTokens", [0, 3, 39], "moderate", PROMPT, [1]),
    ("first token forced", "forcedBos", 6, "moderate", [1], []),
    ("first token forced, though removed", "forcedBos", 2, "holes", [1], []),
    ("first token not forced after a longer prompt", "forcedBos", 6, "moderate", [1, 2], []),
    ("last token forced", "forcedEos", dict(tokenIds=[7], atLength=16), "moderate"),
    ("one of two last tokens forced", "forcedEos", dict(tokenIds=ENDS, atLength=16), "wide"),
    ("last token not forced too early", "forcedEos", dict(tokenIds=[7], atLength=17), "wide"),
    ("last token not forced too late", "forcedEos", dict(tokenIds=[7], atLength=15), "wide"),
    ("decay", "exponentialDecayLength", dict(start=3, factor=1.2), "moderate"),
    ("decay of negative logits", "exponentialDecayLength", dict(start=1, factor=1.5), "wide"),
    ("decay beside removed tokens", "exponentialDecayLength", dict(start=0, factor=1.1), "holes"),
    ("decay below one", "exponentialDecayLength", dict(start=2, factor=0.5), "moderate"),
    ("decay that has not begun", "exponentialDecayLength", dict(start=6, factor=1.5), "moderate"),
    ("allowed by prefix", "prefixAllowedTokens", [3, 0, 39, 12], "moderate"),
    ("allowed by prefix, some of them removed", "prefixAllowedTokens", [2, 3, 4, 5, 12], "holes"),
    *[(f"guidance {scale}", "guidance", scale, "moderate") for scale in (1, 1.5, 0.5, 4, -1)],
    *[(f"Hamming diversity {penalty}", "hammingDiversity", dict(penalty=penalty, chosen=[3, 12, 3, 3]), "moderate")
      for penalty in (0.5, 1.7)],
    ("invalid values", "removeInvalidValues", None, "invalid"),
    ("renormalized", "renormalize", None, "wide"),
    ("renormalized beside removed tokens", "renormalize", None, "holes"),
)


def names():
    return ["processors"]


def make(_name):
    rows = _rows()
    cases = [_case(rows, *case) for case in CASES]
    write_json(GOLDENS / "processors.json", dict(
        vocabSize=VOCAB, stopTokenIds=ENDS, versions=VERSIONS,
        rows=[dict(name=name, logits=_plain(row)) for name, row in rows.items()], cases=cases,
    ))
    print(f"processors: {len(cases)} cases")


def _rows():
    random = generator(5000)
    draw = lambda scale, shift: numpy.round((random.standard_normal(VOCAB) * scale + shift) * 256) / 256
    rows = dict(moderate=draw(2.0, 0.0), wide=draw(6.0, -4.0), unconditional=draw(2.0, 1.0), holes=draw(3.0, 0.0))
    rows["moderate"][7] = 0.0
    rows["holes"][[0, 2, 3, 7, 20, 39]] = -math.inf
    rows["peaked"] = draw(1.0, 0.0)
    rows["peaked"][13] = 9.0
    rows["equal"] = numpy.full(VOCAB, -2.5)
    rows["ties"] = numpy.round(draw(2.0, 0.0))
    rows["invalid"] = draw(2.0, 0.0)
    rows["invalid"][[1, 5, 6, 30]] = (math.nan, math.inf, -math.inf, math.nan)
    return rows


def _case(rows, name, processor, argument, row, prompt=PROMPT, generated=GENERATED):
    # The largest and lowest finite value are those of the dtype, so float32 where they are wanted.
    dtype = torch.float32 if processor == "removeInvalidValues" else torch.float64
    scores = torch.tensor(rows[row][None], dtype=dtype)
    ids = torch.tensor([prompt + generated])
    if processor == "hammingDiversity":
        output = _hamming_diversity(rows[row], **argument)
    else:
        output = _processor(processor, argument, torch.tensor([prompt]), rows)(ids, scores)[0].numpy()
    return dict(name=name, processor=processor, argument=argument, row=row, promptIds=prompt, generatedIds=generated,
                processed=_plain(output))


def _processor(name, argument, prompt, rows):
    return {
        "typical": lambda: generation.TypicalLogitsWarper(argument),
        "epsilonCutoff": lambda: generation.EpsilonLogitsWarper(argument),
        "etaCutoff": lambda: generation.EtaLogitsWarper(argument),
        "encoderRepetitionPenalty": lambda: generation.EncoderRepetitionPenaltyLogitsProcessor(argument, prompt),
        "noRepeatNgram": lambda: generation.NoRepeatNGramLogitsProcessor(argument),
        "encoderNoRepeatNgram": lambda: generation.EncoderNoRepeatNGramLogitsProcessor(argument, prompt),
        "sequenceBias": lambda: generation.SequenceBiasLogitsProcessor(argument),
        "badWords": lambda: generation.NoBadWordsLogitsProcessor(argument, ENDS),
        "suppressTokens": lambda: generation.SuppressTokensLogitsProcessor(argument),
        "beginSuppressTokens": lambda: generation.SuppressTokensAtBeginLogitsProcessor(argument, prompt.shape[1]),
        "forcedBos": lambda: generation.ForcedBOSTokenLogitsProcessor(argument),
        "forcedEos": lambda: generation.ForcedEOSTokenLogitsProcessor(argument["atLength"], argument["tokenIds"]),
        "exponentialDecayLength": lambda: generation.ExponentialDecayLengthPenalty(
            (argument["start"], argument["factor"]), ENDS, prompt.shape[1]),
        "prefixAllowedTokens": lambda: generation.PrefixConstrainedLogitsProcessor(lambda *_: argument, 1),
        "guidance": lambda: generation.UnbatchedClassifierFreeGuidanceLogitsProcessor(
            argument, lambda *_, **__: ModelOutput(logits=torch.tensor(rows["unconditional"][None, None]))),
        "removeInvalidValues": generation.InfNanRemoveLogitsProcessor,
        "renormalize": generation.LogitNormalization,
    }[name]()


def _hamming_diversity(scores, penalty, chosen):
    """score[v] − λ · Σ over the beams of earlier groups [v was chosen] (Vijayakumar et al. 2018)."""
    return scores - penalty * numpy.bincount(chosen, minlength=VOCAB)


def _plain(values):
    """null: −∞."""
    return [None if value == -math.inf else str(float(value)) if not math.isfinite(value) else round(float(value), 8)
            for value in values]
