"""Byte-pair merges with an end-of-word suffix, learned without chance.

The trainer of `tokenizers` numbers suffixed letters in the order of a hash map, so that ties fall differently each time.
"""

from collections import Counter


def learn_merges(words, num_merges, suffix):
    """The `num_merges` most frequent pairs, one after the other; of equally frequent ones the alphabetically first.

    `words` maps a word to its count. Returns (letters, merges), both in a fixed order.
    """
    spelled = {word: [*word[:-1], word[-1] + suffix] for word in sorted(words)}
    letters = sorted({letter for parts in spelled.values() for letter in parts})
    merges = []
    for _ in range(num_merges):
        pairs = Counter()
        for word, parts in spelled.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelled = {word: _merged(parts, best) for word, parts in spelled.items()}
    return letters, merges


def _merged(parts, pair):
    result = []
    for part in parts:
        if result and (result[-1], part) == pair:
            result[-1] = pair[0] + pair[1]
        else:
            result.append(part)
    return result
