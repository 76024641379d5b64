"""Small SentencePiece models, trained here, with what the SentencePiece library makes of many texts."""

import gzip
import io
from collections import Counter

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from corpus import TEXTS, TRAINING_TEXT
from writing import GOLDENS, empty_folder, generator, write_json

PREFIX = "sentence-piece-"
FOLDER = "sentence-piece"
# The map of characters of nmt_nfkc is large, and the same for all models that have it: it lies beside them, once.
CHARSMAP = GOLDENS / FOLDER / "nmt_nfkc.charsmap.gz"
RULES = "41\t61\nFB01\t66 69\n65 301\tE9\n2026\t2E 2E 2E\n200B\t\n3000\t20\n"
NUM_RANDOM = 20

plain = dict(normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False)
MODELS = {
    "unigram-nmt": dict(model_type="unigram", normalization_rule_name="nmt_nfkc", vocab_size=240),
    # As T5 has it: no beginning, and other ids.
    "unigram-t5": dict(
        model_type="unigram", normalization_rule_name="nmt_nfkc", vocab_size=240, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
    ),
    "unigram-rules": dict(model_type="unigram", rules=RULES, vocab_size=160, treat_whitespace_as_suffix=True),
    "unigram-bytes": dict(
        model_type="unigram", **plain, byte_fallback=True, vocab_size=440,
        user_defined_symbols=["<sep>", "海边", "  ", "ver", "very"], control_symbols=["<2zh>"], pad_id=3,
    ),
    "bpe-nmt": dict(model_type="bpe", normalization_rule_name="nmt_nfkc", vocab_size=240),
    "bpe-rules": dict(model_type="bpe", rules=RULES, vocab_size=160, remove_extra_whitespaces=False),
    "bpe-bytes": dict(
        model_type="bpe", **plain, byte_fallback=True, vocab_size=420, user_defined_symbols=["<sep>", "海边"],
        unused=("▁the", "er", "in"),
    ),
}

ATOMS = (
    "a", "e", "th", "er", " the", "ing ", "River", "A", "É", " ", "  ", "\t", "\n", "\r\n", "▁", "▁▁", "é", "e\u0301", "o\u0308\u0323",
    "ﬁ", "…", "㍿", "①", "Ａ", "ｶﾞ", "ﷺ", "½", "海", "海边", "河", "灯塔", "世界", "。", "\u3000", "\u200b", "\u00a0", "\u00ad", "\ufeff",
    "\u1112\u1161\u11ab", "한", "😀", "👩‍👩‍👧", "🇫🇷", "𝒳", "\u0000", "\u007f", "\ufffd", "～", "<sep>", "<s>", "</s>", "<unk>", "<2zh>",
    "<0x41>", "ver", "very", "9", "10", ",", ".", "\"", "?", "ß", "ſ", "ǆ", "й", "и\u0306", "ї", "ש", "ب", "ा", "क\u093c",
)


def names():
    return [PREFIX + name for name in MODELS]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    model = train(name)
    assert model == train(name), f"{name}: training twice gives two models"
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    folder = empty_folder(FOLDER, name)
    has_map = proto.normalizer_spec.name == "nmt_nfkc"
    if has_map:
        CHARSMAP.write_bytes(gzip.compress(proto.normalizer_spec.precompiled_charsmap, 9, mtime=0))
        proto.normalizer_spec.ClearField("precompiled_charsmap")
    (folder / "model").write_bytes(proto.SerializeToString(deterministic=True))

    texts = [*TEXTS[::2], *random_texts(list(MODELS).index(name))]
    write_json(folder / "golden.json", dict(
        isNmt=has_map,
        vocabSize=processor.vocab_size(),
        versions=dict(sentencepiece=sentencepiece.__version__),
        texts=[_case(processor, text) for text in texts],
        idLists=[_ids_case(processor, seed) for seed in range(20)],
    ))
    print(f"{full_name}: {processor.vocab_size()} pieces, {len(texts)} texts")


def train(name):
    """The bytes of a model."""
    settings = dict(MODELS[name])
    unused = settings.pop("unused", ())
    writer = io.BytesIO()
    if "rules" in settings:
        path = GOLDENS.parent / f".{name}.tsv"
        path.write_text(settings.pop("rules"), encoding="utf-8")
        settings["normalization_rule_tsv"] = str(path)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_frequent_letters(TRAINING_TEXT, 70).split("\n")), model_writer=writer, num_threads=1,
        hard_vocab_limit=False, character_coverage=1.0, minloglevel=2, **settings,
    )
    proto = sentencepiece_model_pb2.ModelProto.FromString(writer.getvalue())
    if "normalization_rule_tsv" in settings:
        path.unlink()
        proto.normalizer_spec.ClearField("normalization_rule_tsv")
    for piece in proto.pieces:
        if piece.piece in unused:
            piece.type = sentencepiece_model_pb2.ModelProto.SentencePiece.UNUSED
    for field in ("input", "self_test_sample_size", "model_prefix"):
        proto.trainer_spec.ClearField(field)
    return proto.SerializeToString(deterministic=True)


def random_texts(seed, count=NUM_RANDOM):
    random = generator(1000 + seed)
    return ["".join(ATOMS[i] for i in random.integers(0, len(ATOMS), random.integers(1, 16))) for _ in range(count)]


def _frequent_letters(text, count):
    frequency = Counter(text)
    kept = set(sorted(frequency, key=lambda letter: (-frequency[letter], letter))[:count])
    return "".join(letter for letter in text.strip() if letter in kept)


def _case(processor, text):
    ids = processor.encode(text)
    unknown = [piece for id, piece in zip(ids, processor.encode(text, out_type=str)) if id == processor.unk_id()]
    return dict(text=text, ids=ids, unknown=unknown, decoded=processor.decode(ids))


def _ids_case(processor, seed):
    random = generator(2000 + seed)
    ids = random.integers(0, processor.vocab_size(), random.integers(1, 12)).tolist()
    return dict(ids=ids, decoded=processor.decode(ids))
