import type { TextStream } from './text-stream.ts';

/** Spaces before English punctuation removed, as Python's `clean_up_tokenization` does it, one pattern after the other. */
export function cleanUpSpaces(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

/** The characters of the patterns above that are not the last of one: after any other, no pattern can be under way. */
const INNER = " 'nvr";

/** `cleanUpSpaces` of a text that comes in pieces. */
export function cleanUpSpacesStream(): TextStream {
  let held = '';
  return {
    push(piece) {
      const text = held + piece;
      let end = text.length;
      while (end > 0 && INNER.includes(text[end - 1]!)) end--;
      held = text.slice(end);
      return cleanUpSpaces(text.slice(0, end));
    },
    end() {
      const text = cleanUpSpaces(held);
      held = '';
      return text;
    },
  };
}
