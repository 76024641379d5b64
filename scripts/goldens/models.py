"""The tiny models: what each of them is there to show.

Sizes are awkward on purpose: no power of two where the architecture allows another number.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TinyModel:
    """One folder under test/goldens/models."""

    architecture: str  # class name in Transformers
    config: dict
    seed: int
    prompt: str | int  # text for the tokenizer, or that many random ids
    scored: str | int
    tokenizer: str | None = None  # folder under test/goldens/tokenizers; sets vocab_size
    gains: dict = field(default_factory=dict)
    generation: dict = field(default_factory=dict)  # further keys of generation_config.json
    spelling: str = "v5"  # how config.json is written: see config_spelling.py
    shards: int = 1
    num_beyond: int = 0  # token ids fed one at a time past max_position_embeddings


@dataclass(frozen=True)
class Copy:
    """The same weights rounded to 16 bits, in a folder of their own."""

    of: str
    dtype: str
    hub_names: bool = False  # the tensor names of the first GPT-2 upload: no prefix, causal masks stored as weights


def llama(**changes):
    sizes = dict(
        vocab_size=101,
        hidden_size=24,
        intermediate_size=44,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=96,
        rms_norm_eps=1e-5,
        bos_token_id=1,
        eos_token_id=2,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0),
    )
    return {**sizes, **changes}


SHARP = {"q_proj": 1.6, "k_proj": 1.6, "c_attn": 1.3, "lm_head": 2.0}
# With tied embeddings the head likes the token it has just read: quieter embeddings, louder layers.
TIED = {**SHARP, "wte": 0.5, "embed": 0.5, "c_proj": 2.0, "o_proj": 2.0, "down_proj": 2.0, "out_proj": 2.0}
SCORED = "Once upon a time there was a river. It ran to the sea."

MODELS = {
    "gpt2": TinyModel(
        architecture="GPT2LMHeadModel",
        config=dict(n_positions=72, n_embd=26, n_layer=2, n_head=2),
        seed=41,
        tokenizer="gpt2",
        prompt="The keeper said: it's 7 o'clock",
        scored=SCORED,
        gains=TIED,
        generation=dict(max_length=50, do_sample=True),
    ),
    "gpt2-untied": TinyModel(
        architecture="GPT2LMHeadModel",
        config=dict(
            vocab_size=97, n_positions=50, n_embd=21, n_layer=3, n_head=3, n_inner=50, tie_word_embeddings=False,
            bos_token_id=96, eos_token_id=96,
        ),
        seed=242,
        prompt=25,
        scored=31,
        gains=SHARP,
    ),
    "openai-gpt": TinyModel(
        architecture="OpenAIGPTLMHeadModel",
        config=dict(n_positions=64, n_embd=20, n_layer=3, n_head=4),
        seed=103,
        tokenizer="openai-gpt",
        prompt="The old keeper said that the river ran to the sea",
        scored=SCORED,
        gains={"positions_embed": 2.0, "attn.c_proj": 1.3, "mlp.c_proj": 2.0, **SHARP},
    ),
    "gpt-neo": TinyModel(
        architecture="GPTNeoForCausalLM",
        config=dict(
            vocab_size=103, hidden_size=20, num_layers=4, attention_types=[[["global", "local"], 2]], num_heads=4,
            intermediate_size=44, max_position_embeddings=64, window_size=8, bos_token_id=102, eos_token_id=102,
        ),
        seed=4,
        prompt=29,
        scored=37,
        gains={"q_proj": 0.8, "k_proj": 0.8, "wpe": 1.0, **TIED},
    ),
    "llama2-mha": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(hidden_size=30, num_attention_heads=3, num_key_value_heads=3, intermediate_size=52),
        seed=45,
        prompt=26,
        scored=33,
        gains=SHARP,
        spelling="v4",
    ),
    "llama-gqa": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, max_position_embeddings=128),
        seed=26,
        tokenizer="llama2",
        prompt="The keeper said: 海 is 7 miles wide",
        scored=SCORED,
        gains=TIED,
        generation=dict(do_sample=True, temperature=0.6, top_p=0.9),
    ),
    "llama3-rope": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(
            max_position_embeddings=128,
            rope_parameters=dict(
                rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=64,
            ),
            eos_token_id=[2, 3],
        ),
        seed=7,
        prompt=40,
        scored=30,
        gains=SHARP,
        spelling="v4",
    ),
    "llama-linear": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(rope_parameters=dict(rope_type="linear", rope_theta=5000.0, factor=2.0)),
        seed=8,
        prompt=24,
        scored=30,
        gains=SHARP,
        spelling="v4-type",
    ),
    "llama-dynamic": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(
            max_position_embeddings=32, rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=2.0)
        ),
        seed=9,
        prompt=24,
        scored=30,
        gains=SHARP,
        num_beyond=56,
    ),
    "llama-yarn": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(
            head_dim=16,
            max_position_embeddings=128,
            rope_parameters=dict(
                rope_type="yarn", rope_theta=500.0, factor=4.0, original_max_position_embeddings=32, beta_fast=8.0,
                beta_slow=1.0,
            ),
        ),
        seed=10,
        prompt=40,
        scored=30,
        gains=SHARP,
    ),
    "llama-bias": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(attention_bias=True, mlp_bias=True, hidden_act="gelu_pytorch_tanh"),
        seed=11,
        prompt=24,
        scored=30,
        gains=SHARP,
    ),
    "llama-sharded": TinyModel(
        architecture="LlamaForCausalLM",
        config=llama(num_hidden_layers=3, hidden_size=20, intermediate_size=28),
        seed=12,
        prompt=24,
        scored=30,
        gains=SHARP,
        shards=3,
    ),
    "mistral": TinyModel(
        architecture="MistralForCausalLM",
        config=llama(num_attention_heads=3, num_key_value_heads=1, sliding_window=8, num_hidden_layers=3),
        seed=13,
        prompt=30,
        scored=37,
        gains=SHARP,
    ),
    "qwen2": TinyModel(
        architecture="Qwen2ForCausalLM",
        config=llama(
            num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, rms_norm_eps=1e-6,
            rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
        ),
        seed=14,
        tokenizer="qwen2",
        prompt="The keeper said: 海 is 7 miles wide",
        scored=SCORED,
        gains=TIED,
        generation=dict(do_sample=True, repetition_penalty=1.1, temperature=0.7, top_p=0.8, top_k=20),
        spelling="v4",
    ),
    "qwen2-sliding": TinyModel(
        architecture="Qwen2ForCausalLM",
        config=llama(
            vocab_size=67, hidden_size=16, num_hidden_layers=3, intermediate_size=28, use_sliding_window=True,
            sliding_window=8, max_window_layers=1,
        ),
        seed=15,
        prompt=30,
        scored=30,
        gains=SHARP,
    ),
    "qwen3": TinyModel(
        architecture="Qwen3ForCausalLM",
        config=llama(
            hidden_size=22, num_attention_heads=3, head_dim=10, tie_word_embeddings=False, rms_norm_eps=1e-6,
            rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
        ),
        seed=16,
        prompt=26,
        scored=33,
        gains=SHARP,
    ),
}

COPIES = {
    "llama-gqa-bfloat16": Copy(of="llama-gqa", dtype="bfloat16"),
    "gpt2-float16": Copy(of="gpt2", dtype="float16", hub_names=True),
}
