"""The text that the small tokenizers are trained on, and the texts and conversations that they are tried on."""

ENGLISH = """
Once upon a time there was a river. It ran from the hills to the sea, and on its way it turned the wheels of seven mills.
The old lighthouse keeper said that the sea was never the same twice. "It's not the water," he said, "it's the light."
The children of the village asked him why the light turned, and he answered that it turned because the world did.
In the morning the fishermen went out with their nets. In the evening they came back with stories, and sometimes with fish.
She wrote down everything: the hour, the wind, the weather, and the names of the ships that passed by the lighthouse.
There wasn't anything in the book about the storm of the third of October, because nobody had been able to hold a pen.
When the keeper was asked whether he'd ever been lonely, he'd say: "I've had the ships, and they've had me. We're even."
The river said to the sea: I have come a long way. The sea said to the river: you'll find that you have only just begun.
A model predicts the next token from the tokens before it; the next token is then one of the tokens before the next one.
The weights were read from the file, the file was read from the disk, and the disk was turning like the light on the hill.
They don't know, they can't know, and they won't know until the morning, when the others come over the hill with the news.
The teacher counted the words in the sentence, then the letters in the words, and then the bytes in the letters.
Therefore the other mother gathered her brothers together there, rather than bother with the weather or the feathers.
Running, walking, singing, reading, writing and thinking are things that anybody can be found doing in the evening.
"""

CHINESE = """
从前有一条河,从山里流到海里。老人说:海每天都不一样。孩子们问他:为什么灯会转?他说:因为世界在转。
今天天气很好,我们去海边看灯塔。灯塔的灯在晚上亮起来,船就知道路了。你好,世界!
"""

CODE = """
def attention(query, key, value, mask=None):
    scores = query @ key.T / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores + mask
    return softmax(scores, axis=-1) @ value

for (let i = 0; i < 10; i++) {
  const total = values[i] * 2 + 1;
  if (total > 100) { return total; }
}

	while (x != 0) {
		x = x >> 1;
	}
"""

REST = """
Crème brûlée, naïve café, Übermut, año, Привет мир, γειά σου, שלום, مرحبا. 1234567890, 3.14159, 2^10 = 1024, 50 %.
😀 😃 👩‍👩‍👧‍👦 🇫🇷 🌊 — the “quoted” text… and    four    spaces.
"""

TRAINING_TEXT = ENGLISH * 2 + CHINESE + CODE + REST

TEXTS = (
    "",
    " ",
    "a",
    "Once upon a time there was a river.",
    "The old lighthouse keeper said: \"it's 7 o'clock, isn't it?\"",
    "I'VE HEARD THEY'LL COME, WE'RE EVEN",
    " leading space",
    "   three leading spaces",
    "trailing space ",
    "trailing newline\n",
    "two\n\nnewlines and\r\na Windows one",
    "tabs\tand\t\tmore tabs",
    "many        spaces      inside",
    "def f(x):\n    return x ** 2  # square\n",
    "for (let i = 0; i < 10; i++) { total += values[i]; }",
    "1234567890 3.14159 1,000,000 2^10",
    "你好,世界!老人说:海每天都不一样。",
    "The sea is 海 and the river is 河.",
    "日本語のテキスト 한국어 텍스트",
    "Crème brûlée naïve café",
    "Cre\u0300me bru\u0302le\u0301e, decomposed",
    "ﬁ ligature, ① and Ａ full width",
    "Привет мир γειά σου שלום مرحبا",
    "😀🌊",
    "👩‍👩‍👧‍👦 family and 🇫🇷 flag and 👍🏽",
    "zero\u200bwidth and non\u00a0breaking",
    "quotes “curly” ‘single’ — dash … ellipsis",
    "<s> text </s> with <|endoftext|> inside",
    "<|im_start|>user\nHello<|im_end|>\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>",
    "▁already ▁ underlined",
    "<0x41> is not a byte here",
    "<unk>",
    "antidisestablishmentarianism supercalifragilistic",
    "...!!!???",
    "a.b,c;d:e/f\\g|h",
    "\u0000null and \u007f delete",
    "𝒳 mathematical 𝔘",
    "The\n \n  \n   end",
)

CONVERSATIONS = {
    "one-question": [{"role": "user", "content": "Why does the light turn?"}],
    "with-system": [
        {"role": "system", "content": "You are a lighthouse keeper. Answer in one sentence."},
        {"role": "user", "content": "Why does the light turn?"},
    ],
    "three-turns": [
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": " Hello. What would you like to know?  "},
        {"role": "user", "content": "  Why does the light turn?\n"},
    ],
    "with-system-and-turns": [
        {"role": "system", "content": "Answer in Chinese."},
        {"role": "user", "content": "你好!"},
        {"role": "assistant", "content": "你好 😀"},
        {"role": "user", "content": "为什么灯会转?"},
        {"role": "assistant", "content": "因为世界在转。"},
        {"role": "user", "content": "Line one\nline two\n\n\"quoted\" <b>&amp;</b>"},
    ],
    "ends-with-assistant": [
        {"role": "user", "content": "Say hello."},
        {"role": "assistant", "content": "Hello."},
    ],
    "two-users-in-a-row": [
        {"role": "user", "content": "Hello!"},
        {"role": "user", "content": "Anybody there?"},
    ],
}
