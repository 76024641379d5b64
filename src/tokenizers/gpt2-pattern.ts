/**
 * GPT-2's words (Radford et al. 2019): a contraction, or letters, digits, or other characters with a space before them, or
 * spaces. With the Unicode White_Space of the Rust library that made the ids a model was trained on, where JavaScript's
 * `\s` takes U+FEFF and leaves U+0085. Every character of a text is in one of its words.
 */
export const GPT2_PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
