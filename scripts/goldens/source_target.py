"""Tokenizers of encoder-decoder models over the SentencePiece models beside them, with what Transformers makes of texts."""

import json
import re
import shutil
import tempfile
from pathlib import Path

import sentencepiece
import transformers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from transformers.convert_slow_tokenizer import NllbConverter, SentencePieceExtractor
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100_CODES

import sentence_piece
from corpus import TRAINING_TEXT
from writing import VERSIONS, empty_folder, generator, write_json

PREFIX = "source-target-"
TEXTS = (
    "", " ", "Once upon a time there was a river.", "The old lighthouse keeper said: \"it's 7 o'clock, isn't it?\"",
    "  two  spaces, and trailing ", "你好,世界!老人说:海每天都不一样。", "The sea is 海 and 灯塔.", "Crème brûlée ☃ ☃☃ naïve",
    "two\n\nnewlines\tand tabs", "a</s>b <unk> c<pad>", "ﬁ ligature, ① and Ａ full width", "😀🌊", "▁already ▁ underlined",
    "<mask> in <mask> the", "__fr__ or fr_XX or fra_Latn or >>fra<<", "<extra_id_0> of <extra_id_4>",
)


def names():
    return [PREFIX + name for name in FAMILIES]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    settings = FAMILIES[name]
    folder = empty_folder("source-target", name)
    for file_name, content in settings.get("files", {}).items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=0) + "\n"
        (folder / file_name).write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copytree(folder, temporary, dirs_exist_ok=True)
        for file_name, model in settings.get("models", {}).items():
            (Path(temporary) / file_name).write_bytes(sentence_piece.train(model))
        tokenizer = settings["load"](temporary)
        if settings.get("isSaved"):
            tokenizer = _save(tokenizer, folder)
        texts = [*TEXTS, *settings.get("texts", ()), *sentence_piece.random_texts(100, 8)]
        cases = [_case(tokenizer, text, place < 4 or text.startswith(">>")) for place, text in enumerate(texts)]
        if settings.get("isFairseq"):
            cases = _as_sentence_piece(name, cases, sentence_piece.train(settings["models"]["sentencepiece.bpe.model"]))
    golden = dict(models={} if settings.get("isSaved") else settings.get("models", {}), versions=VERSIONS, languages=settings.get("languages", {}), texts=cases)
    write_json(folder / "golden.json", golden)
    print(f"{full_name}: {len(cases)} of {len(texts)} texts")


def _save(tokenizer, folder):
    """As tokenizer.json, in which the map of characters is left out; what is compared is the file as the tokenizers library reads it."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer.json"
    backend = Tokenizer.from_file(str(path))
    file = json.loads(path.read_text(encoding="utf-8"))
    normalizer = file["normalizer"] or {}
    for part in normalizer.get("normalizers", [normalizer]):
        if part.get("type") == "Precompiled":
            part["precompiled_charsmap"] = "nmt_nfkc"
    path.write_text(json.dumps(file, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    return backend


def _case(tokenizer, text, is_whole):
    """The ids of a text, as a target too where they are others, its text again, and of some texts what is put around them."""
    if isinstance(tokenizer, Tokenizer):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        around = dict(source=tokenizer.encode(text).ids) if is_whole else {}
        return dict(text=text, ids=ids, **around, decoded=tokenizer.decode(ids))
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    target_ids = tokenizer(text_target=text, add_special_tokens=False)["input_ids"]
    case = dict(text=text, ids=ids) | (dict(targetIds=target_ids) if target_ids != ids else {})
    if is_whole:
        case |= dict(source=tokenizer(text)["input_ids"], target=tokenizer(text_target=text)["input_ids"])
    return dict(**case, decoded=tokenizer.decode(target_ids, skip_special_tokens=True))


def _as_sentence_piece(name, cases, model):
    """Only the texts that Transformers cuts as the SentencePiece library does, whose file it is."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    specials = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}

    def ids_of(text):
        parts = re.split("(" + "|".join(specials) + ")", text)
        cut = lambda part: [number + 1 if number else 3 for number in processor.encode(part)]
        return [number for part in parts for number in ([specials[part]] if part in specials else cut(part))]

    kept = [case for case in cases if "<mask>" in case["text"] or case["ids"] == ids_of(case["text"])]
    assert len(kept) > len(cases) / 2, f"{name}: {len(kept)} of {len(cases)} texts"
    return kept


# ---------------------------------------------------------------- the families


def _pieces(*models):
    protos = [sentencepiece_model_pb2.ModelProto.FromString(sentence_piece.train(model)) for model in models]
    return list(dict.fromkeys(piece.piece for proto in protos for piece in proto.pieces))


def _ids(*tokens):
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def _without(pieces, step):
    """Some pieces are not in the vocabulary."""
    return [piece for number, piece in enumerate(pieces) if number % step != step - 1]


def _nllb(folder):
    """Made by its class, with the ids of the released files: `from_pretrained` of a folder with nothing but the SentencePiece file
    forgets the languages, and the class puts `<mask>` before them."""
    extracted = SentencePieceExtractor(f"{folder}/sentencepiece.bpe.model").extract(models.BPE)
    del extracted["additional_special_tokens"]
    parts = NllbConverter.convert_from_spm(**extracted)
    tokenizer = transformers.NllbTokenizer(**parts, src_lang="eng_Latn", tgt_lang="zho_Hans", mask_token=None)
    tokenizer.add_special_tokens({"mask_token": AddedToken("<mask>", lstrip=True, normalized=True)})
    return tokenizer


def _byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=310, initial_alphabet=alphabet, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator([TRAINING_TEXT], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocab = {token: number for token, number in sorted(model["vocab"].items(), key=lambda item: item[1])}
    vocab["<mask>"] = len(vocab)
    return {"vocab.json": vocab, "merges.txt": "#version: 0.2\n" + "".join(" ".join(merge) + "\n" for merge in model["merges"])}


def _loader(tokenizer_class, **options):
    return lambda folder: tokenizer_class.from_pretrained(folder, **options)


UNIGRAM, BPE, T5 = "unigram-nmt", "bpe-nmt", "unigram-t5"
MASK = dict(content="<mask>", lstrip=True, rstrip=False, normalized=True, single_word=False, special=True, __type="AddedToken")
config = lambda name, **keys: {"tokenizer_config.json": {"tokenizer_class": name, **keys}}
both = {"source.spm": UNIGRAM, "target.spm": BPE}
mbart50 = _loader(transformers.MBart50Tokenizer, src_lang="en_XX", tgt_lang="zh_CN")
t5 = _loader(transformers.T5Tokenizer, extra_ids=5)
FAMILIES = {
    "marian": dict(
        load=_loader(transformers.MarianTokenizer), models=both,
        texts=(">>fra<< The river", ">>zho<<The sea", ">>xyz<< unknown", ">> not << one"),
        files={**config("MarianTokenizer"), "vocab.json": _ids("</s>", "<unk>", *_without(_pieces(UNIGRAM, BPE), 9), ">>fra<<", ">>zho<<", "<pad>")},
    ),
    "marian-two-vocabularies": dict(
        load=_loader(transformers.MarianTokenizer), models=both,
        files={
            **config("MarianTokenizer", separate_vocabs=True),
            "vocab.json": _ids("</s>", "<unk>", *_pieces(UNIGRAM), "<pad>"),
            "target_vocab.json": _ids("</s>", "<unk>", *_pieces(BPE), "<pad>"),
        },
    ),
    "m2m100": dict(
        load=_loader(transformers.M2M100Tokenizer, src_lang="en", tgt_lang="zh"), models={"sentencepiece.bpe.model": BPE},
        languages={"from": "en", "to": "zh"},
        files={
            **config("M2M100Tokenizer", additional_special_tokens=[f"__{code}__" for code in M2M100_CODES["m2m100"]]),
            "vocab.json": _ids("<s>", "<pad>", "</s>", "<unk>", *_without(_pieces(BPE), 11)),
        },
    ),
    "mbart": dict(
        load=_loader(transformers.MBartTokenizer, src_lang="en_XX", tgt_lang="zh_CN"), models={"sentencepiece.bpe.model": UNIGRAM},
        languages={"from": "en_XX", "to": "zh_CN"}, files=config("MBartTokenizer"), isFairseq=True,
    ),
    "mbart50": dict(
        load=mbart50, models={"sentencepiece.bpe.model": UNIGRAM}, languages={"from": "en_XX", "to": "zh_CN"},
        files=config("MBart50Tokenizer"), isFairseq=True,
    ),
    "nllb": dict(
        load=_nllb, models={"sentencepiece.bpe.model": BPE}, languages={"from": "eng_Latn", "to": "zho_Hans"},
        files=config("NllbTokenizer"), isFairseq=True,
    ),
    "t5": dict(load=t5, models={"spiece.model": T5}, files=config("T5Tokenizer", extra_ids=5)),
    "bart": dict(load=_loader(transformers.BartTokenizer), files={**config("BartTokenizer", mask_token=MASK), **_byte_level()}),
    "t5-json": dict(load=t5, models={"spiece.model": T5}, isSaved=True),
    "nllb-json": dict(load=_nllb, models={"sentencepiece.bpe.model": BPE}, isSaved=True, languages={"from": "eng_Latn"}),
    "mbart50-json": dict(load=mbart50, models={"sentencepiece.bpe.model": UNIGRAM}, isSaved=True, languages={"from": "en_XX"}),
}
