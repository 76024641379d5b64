import { trainBpe } from 'kvasir';

/** What a source and a target end with, and a target begins with; and what fills batches elsewhere. */
const END = '</s>';
const PADDING = '<pad>';

const VOCAB_SIZE = 768;

/**
 * Trains the tokenizer of sources and targets: byte-level BPE whose tokens are words or their parts, single digits and single
 * Chinese characters, so that each says one thing of a number. It ends a text with a mark.
 * @param {readonly import('./write-pair.mjs').Pair[]} pairs
 */
export async function trainPairTokenizer(pairs) {
  const texts = pairs.flatMap(({ source, target }) => [...piecesOf(source), ...piecesOf(target)]);
  const options = { vocabSize: VOCAB_SIZE, specialTokens: [END, PADDING], endToken: END, padToken: PADDING };
  return (await trainBpe(texts, options)).files;
}

/** A text cut wherever tokens must not run across: at digits and around Chinese characters. @param {string} text */
function piecesOf(text) {
  return text.split(/\d|(?<=\p{Script=Han})|(?=\p{Script=Han})/u).filter((piece) => piece !== '');
}
