"""What the trainer of `tokenizers` learns from a small text: vocabularies, merges, and the ids of texts."""

import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from corpus import TEXTS, TRAINING_TEXT
from writing import GOLDENS, VERSIONS, write_json

NAME = "tokenizer-training"

# (vocab_size, min_frequency, special_tokens). The last special token is one that merging makes too.
CASES = (
    (256, 0, []),
    (300, 2, ["<|endoftext|>"]),
    (700, 2, ["<|endoftext|>"]),
    (100_000, 3, ["<|endoftext|>", "<|pad|>"]),
    (100_000, 0, []),
    (400, 0, ["Ġthe"]),
)


def names():
    return [NAME]


def make(_name):
    cases = [_case(*case) for case in CASES]
    versions = dict(tokenizers=VERSIONS["tokenizers"])
    write_json(GOLDENS / f"{NAME}.json", dict(versions=versions, trainingText=TRAINING_TEXT, texts=TEXTS, cases=cases))
    print(f"{NAME}: {', '.join(str(len(case['tokens'])) for case in cases)} tokens")


def _case(vocab_size, min_frequency, special_tokens):
    tokenizer = _train(vocab_size, min_frequency, special_tokens)
    assert tokenizer.to_str() == _train(vocab_size, min_frequency, special_tokens).to_str()
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return dict(
        vocabSize=vocab_size,
        minFrequency=min_frequency,
        specialTokens=special_tokens,
        tokens=tokens,
        merges=[" ".join(pair) for pair in model["merges"]],
        ids=[tokenizer.encode(text).ids for text in TEXTS],
    )


def _train(vocab_size, min_frequency, special_tokens):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, min_frequency=min_frequency, special_tokens=special_tokens, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([TRAINING_TEXT], trainer)
    return tokenizer
