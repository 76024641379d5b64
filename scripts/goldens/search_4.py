"""Groups of beams and contrastive search, which Transformers has given up since: made with transformers==4.49.0.

Not part of make.py: run it by itself, in an environment with that version and else those of requirements.txt.
"""

import itertools
import os
import sys

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
sys.dont_write_bytecode = True

import torch
import transformers

from search import MODELS, NAMES, load, stable_case
from writing import GOLDENS, VERSIONS, write_json

VERSION = "4.49.0"

GROUP_NAMES = dict(NAMES, numBeamGroups="num_beam_groups", diversityPenalty="diversity_penalty")

GROUPS = (
    *[dict(numBeams=beams, numBeamGroups=groups, diversityPenalty=penalty, earlyStopping=stopping, maxNewTokens=10)
      for (beams, groups), (penalty, stopping) in itertools.product(
          ((2, 2), (4, 2), (6, 3)), ((0.5, True), (1.0, False), (3.0, "never"), (0.2, False)))],
    dict(numBeams=4, numBeamGroups=4, diversityPenalty=0.7, lengthPenalty=0, maxNewTokens=10),
    dict(numBeams=6, numBeamGroups=2, diversityPenalty=1.5, lengthPenalty=2, earlyStopping=True, maxNewTokens=10),
    dict(numBeams=4, numBeamGroups=2, diversityPenalty=1.0, lengthPenalty=-1, earlyStopping="never", maxNewTokens=10),
    dict(numBeams=4, numBeamGroups=2, diversityPenalty=1.0, repetitionPenalty=1.3, maxNewTokens=10),
    dict(numBeams=4, numBeamGroups=2, diversityPenalty=0.4, noRepeatNgramSize=2, minNewTokens=5, maxNewTokens=10),
)

# Where it matters that groups end by rules of their own: (model, seed, plan).
ENDINGS = (
    ("mistral", 1_010_700, dict(numBeams=4, numBeamGroups=2, diversityPenalty=2.0, maxNewTokens=8)),
    ("gpt2", 1_010_800, dict(numBeams=6, numBeamGroups=3, diversityPenalty=1.0, lengthPenalty=2, maxNewTokens=6)),
    ("gpt2-untied", 1_007_800, dict(numBeams=9, numBeamGroups=3, diversityPenalty=2.0, earlyStopping="never",
                                    lengthPenalty=0, maxNewTokens=10)),
    ("gpt2-untied", 1_009_800, dict(numBeams=4, numBeamGroups=2, diversityPenalty=1.0, earlyStopping=True, lengthPenalty=-1,
                                    maxNewTokens=6)),
    ("mistral", 1_015_100, dict(numBeams=4, numBeamGroups=2, diversityPenalty=1.0, earlyStopping=True, maxNewTokens=6)),
)

CONTRASTIVE = (
    *[dict(penaltyAlpha=alpha, topK=k, maxNewTokens=14) for alpha, k in itertools.product((0.1, 0.4, 0.6, 0.9), (2, 4, 7))],
    dict(penaltyAlpha=0.6, topK=5, repetitionPenalty=1.2, maxNewTokens=14),
    dict(penaltyAlpha=0.5, topK=3, minNewTokens=6, maxNewTokens=14),
)


def main():
    assert transformers.__version__ == VERSION, f"{transformers.__version__}, but {VERSION} is needed"
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    models = {name: load(name) for name in MODELS}
    spread = lambda plans, first_seed: [(MODELS[number % len(MODELS)], first_seed + 1000 * number, plan)
                                        for number, plan in enumerate(plans)]
    groups = [stable_case(models[model], dict(plan, numReturnSequences=plan["numBeams"], ends=1), seed, find_in_groups)
              for model, seed, plan in (*spread(GROUPS, 100_000), *ENDINGS)]
    contrastive = [stable_case(models[model], dict(plan, ends=1), seed, find_by_contrast)
                   for model, seed, plan in spread(CONTRASTIVE, 200_000)]
    write_json(GOLDENS / "search-4.json", dict(versions=VERSIONS, groups=groups, contrastive=contrastive))
    print(f"search-4: {len(groups)} cases of groups, {len(contrastive)} of contrastive search")


def find_in_groups(model, prompt, options, _allowed, processors):
    output = _generate(model, prompt, {GROUP_NAMES[key]: value for key, value in options.items()}, processors)
    [end] = options["stopTokenIds"]
    rows = [row[len(prompt):] for row in output.sequences.tolist()]
    return [row[:row.index(end) + 1] if end in row else row for row in rows], output.sequences_scores.tolist()


def find_by_contrast(model, prompt, options, _allowed, processors):
    names = dict(NAMES, penaltyAlpha="penalty_alpha", topK="top_k")
    output = _generate(model, prompt, {names[key]: value for key, value in options.items()}, processors)
    return [output.sequences[0, len(prompt):].tolist()], []


def _generate(model, prompt, settings, processors):
    # A group that has ended is padded, and its padding counts as chosen: a token that nobody would choose.
    pad = 1
    return model.exact.generate(
        torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
        logits_processor=processors, pad_token_id=pad, return_dict_in_generate=True, output_scores=True, **settings,
    )


if __name__ == "__main__":
    main()
