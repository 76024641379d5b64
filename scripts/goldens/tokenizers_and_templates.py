"""Small real tokenizers of every style that the models use, trained here, with what they make of many texts."""

import copy
import json
import shutil
from collections import Counter
from pathlib import Path

from jinja2.exceptions import TemplateError
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from bpe_merges import learn_merges
from corpus import CONVERSATIONS, TEXTS, TRAINING_TEXT
from writing import VERSIONS, empty_folder, write_json

TEMPLATES = Path(__file__).parent / "templates"
PREFIX = "tokenizer-"

# The splitting expressions of Llama 3 and Qwen2: they differ in how many digits make a piece.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}|"
    r" ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def names():
    return [PREFIX + name for name in STYLES]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    tokenizer, settings = STYLES[name]()
    folder = empty_folder("tokenizers", name)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=True)
    _write_settings(folder, name, settings)
    _check_determinism(name, tokenizer)

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    golden = dict(
        vocabSize=tokenizer.get_vocab_size(),
        versions=VERSIONS,
        texts=[_text_case(tokenizer, text) for text in TEXTS],
    )
    if "chat_template" in settings or (folder / "chat_template.jinja").exists():
        golden["chats"] = _chat_cases(folder)
    write_json(folder / "golden.json", golden)
    print(f"{full_name}: {golden['vocabSize']} tokens, {len(TEXTS)} texts, {len(golden.get('chats', []))} conversations")


# ---------------------------------------------------------------- the styles


def _gpt2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    _train_bytes(tokenizer, 306)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    end = "<|endoftext|>"
    return tokenizer, _settings("GPT2Tokenizer", bos_token=end, eos_token=end, unk_token=end, add_prefix_space=False)


def _llama3():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = _split_to_bytes("{1,3}")
    tokenizer.decoder = decoders.ByteLevel()
    _train_bytes(tokenizer, 420)
    tokenizer.add_special_tokens(
        ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    )
    begin = ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
    template = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1", special_tokens=[begin]
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer, _settings(
        "PreTrainedTokenizerFast", bos_token="<|begin_of_text|>", eos_token="<|eot_id|>",
        model_input_names=["input_ids", "attention_mask"],
    )


def _qwen2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _split_to_bytes("")
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    _train_bytes(tokenizer, 320)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer, _settings(
        "Qwen2Tokenizer", bos_token=None, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token=None,
        add_prefix_space=False, errors="replace", split_special_tokens=False,
        chat_template=(TEMPLATES / "qwen2.jinja").read_text(encoding="utf-8").removesuffix("\n"),
    )


def _llama2():
    """SentencePiece's BPE as `tokenizers` writes it: no splitting, bytes for characters outside the vocabulary."""
    learned = Tokenizer(models.BPE())
    learned.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    learned.pre_tokenizer = pre_tokenizers.Split(Regex("▁+[^▁]*"), behavior="isolated")
    learned.train_from_iterator(
        _with_frequent_letters(TRAINING_TEXT, 72).split("\n"),
        trainers.BpeTrainer(vocab_size=150, show_progress=False),
    )
    model = json.loads(learned.to_str())["model"]
    pieces = [piece for piece, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    merged = [first + second for first, second in model["merges"]]
    letters = [piece for piece in pieces if piece not in set(merged)]
    ordered = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *dict.fromkeys(merged), *letters]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: number for number, piece in enumerate(ordered)},
            merges=[tuple(pair) for pair in model["merges"]],
            unk_token="<unk>", fuse_unk=True, byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return tokenizer, _settings(
        "LlamaTokenizer", bos_token="<s>", eos_token="</s>", unk_token="<unk>", add_bos_token=True, add_eos_token=False,
        legacy=False, chat_template=(TEMPLATES / "llama2.jinja").read_text(encoding="utf-8"),
    )


def _openai_gpt():
    normalizer = normalizers.BertNormalizer(lowercase=True)
    splitter = pre_tokenizers.BertPreTokenizer()
    text = normalizer.normalize_str(_with_frequent_letters(TRAINING_TEXT, 60))
    words = Counter(word for word, _ in splitter.pre_tokenize_str(text))
    letters, merges = learn_merges(words, 200, "</w>")
    pieces = dict.fromkeys(["<unk>", *letters, *(first + second for first, second in merges)])
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: number for number, piece in enumerate(pieces)}, merges=merges, unk_token="<unk>",
            end_of_word_suffix="</w>",
        )
    )
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.add_special_tokens(["<unk>"])
    return tokenizer, _settings("OpenAIGPTTokenizer", unk_token="<unk>", do_lower_case=True)


STYLES = {"gpt2": _gpt2, "llama2": _llama2, "llama3": _llama3, "qwen2": _qwen2, "openai-gpt": _openai_gpt}


def _split_to_bytes(digits):
    split = pre_tokenizers.Split(Regex(WORDS.format(digits=digits)), behavior="isolated", invert=False)
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _train_bytes(tokenizer, vocab_size):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TRAINING_TEXT], trainer)


def _with_frequent_letters(text, count):
    """Only the most frequent characters of the text. `limit_alphabet` does this too, but breaks ties by chance."""
    frequency = Counter(text)
    kept = set(sorted(frequency, key=lambda letter: (-frequency[letter], letter))[:count])
    return "".join(letter for letter in text.strip() if letter in kept)


# ---------------------------------------------------------------- the files


def _settings(tokenizer_class, **keys):
    return {
        "tokenizer_class": tokenizer_class, "model_max_length": 1024, "clean_up_tokenization_spaces": False, **keys
    }


def _write_settings(folder, name, settings):
    tokens = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
    settings = {**settings, "added_tokens_decoder": {str(token.pop("id")): token for token in tokens}}
    write_json(folder / "tokenizer_config.json", settings)
    if name == "llama3":
        shutil.copyfile(TEMPLATES / "llama3.jinja", folder / "chat_template.jinja")


def _check_determinism(name, tokenizer):
    again, _ = STYLES[name]()
    assert again.to_str() == tokenizer.to_str(), f"{name}: training twice gives two tokenizers"


def _text_case(tokenizer, text):
    encoded = tokenizer.encode(text)
    return dict(
        text=text,
        ids=encoded.ids,
        idsWithoutSpecial=tokenizer.encode(text, add_special_tokens=False).ids,
        tokens=encoded.tokens,
        decoded=tokenizer.decode(encoded.ids, skip_special_tokens=False),
        decodedWithoutSpecial=tokenizer.decode(encoded.ids, skip_special_tokens=True),
    )


def _chat_cases(folder):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    for key in ("bos_token", "eos_token"):
        setattr(tokenizer, key, settings.get(key))
    external = folder / "chat_template.jinja"
    template = external.read_text(encoding="utf-8") if external.exists() else settings["chat_template"]
    return [
        dict(name=name, messages=messages, addGenerationPrompt=prompt, **_render(tokenizer, template, messages, prompt))
        for name, messages in CONVERSATIONS.items()
        for prompt in (False, True)
    ]


def _render(tokenizer, template, messages, add_generation_prompt):
    try:
        text = tokenizer.apply_chat_template(
            copy.deepcopy(messages), chat_template=template, add_generation_prompt=add_generation_prompt, tokenize=False
        )
    except TemplateError as error:
        return dict(error=str(error))
    return dict(rendered=text, ids=tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)
