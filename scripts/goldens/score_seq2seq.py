"""The loss that Transformers takes over labels, given their source, with each tiny encoder-decoder model, in float64."""

import torch
import transformers

from encoder_decoder import _copy
from float64 import float64
from writing import GOLDENS, VERSIONS, generator, read_json, round_to, write_json

SOURCE_LENGTH, NUM_LABELS, SEED = 13, 9, 700


def names():
    return ["score-seq2seq"]


def make(_name):
    folders = sorted(path.parent for path in (GOLDENS / "encoder-decoder").glob("*/golden.json"))
    cases = [_case(folder, SEED + i) for i, folder in enumerate(folders)]
    write_json(GOLDENS / "score-seq2seq.json", dict(computedIn="float64", versions=VERSIONS, cases=cases))
    print(f"score-seq2seq: losses {[round(case['loss'], 3) for case in cases]}")


def _case(folder, seed):
    architecture = getattr(transformers, read_json(folder / "golden.json")["architecture"])
    model = architecture.from_pretrained(str(folder), attn_implementation="eager")
    config = model.config
    with float64():
        exact = _copy(model)
        random = generator(seed)
        sizes = [getattr(config, "vocab_size"), getattr(config, "decoder_vocab_size", None) or config.vocab_size]
        source_ids, labels = (
            [int(token) for token in random.integers(3, size - 2, length)]
            for size, length in zip(sizes, (SOURCE_LENGTH, NUM_LABELS))
        )
        if config.model_type == "mbart":
            # Its targets end with their language, which it moves to the front.
            labels[-1] = config.decoder_start_token_id
        with torch.no_grad():
            output = exact(torch.tensor([source_ids]), labels=torch.tensor([labels]))
        log_probs = torch.log_softmax(output.logits[0], dim=-1).gather(1, torch.tensor(labels)[:, None])[:, 0]
    return dict(
        model=folder.name, sourceIds=source_ids, labels=labels, loss=round_to(output.loss.item(), 12),
        logProbs=[round_to(value, 10) for value in log_probs.tolist()],
    )
