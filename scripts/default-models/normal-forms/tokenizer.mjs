import { trainBpe } from 'kvasir';

/** What a source and a target end with, and a target begins with; and what fills batches elsewhere. */
export const END = '</s>';
export const PADDING = '<pad>';

const VOCAB_SIZE = 768;

/**
 * Trains the tokenizer of sources and targets: byte-level BPE whose tokens are words or their parts, single digits and single
 * Chinese characters, so that each says one thing of a number. It ends a text with a mark.
 * @param {readonly import('./write-pair.mjs').Pair[]} pairs
 */
export async function trainPairTokenizer(pairs) {
  const texts = pairs.flatMap(({ source, target }) => [...piecesOf(source), ...piecesOf(target)]);
  const { files } = await trainBpe(texts, { vocabSize: VOCAB_SIZE, specialTokens: [END, PADDING] });
  const tokenizer = JSON.parse(files['tokenizer.json']);
  const config = { ...JSON.parse(files['tokenizer_config.json']), pad_token: PADDING };
  return {
    'tokenizer.json': toJson({ ...tokenizer, post_processor: endsWith(END, tokenizer.model.vocab[END]) }),
    'tokenizer_config.json': toJson(config),
  };
}

/** A text cut wherever tokens must not run across: at digits and around Chinese characters. @param {string} text */
function piecesOf(text) {
  return text.split(/\d|(?<=\p{Script=Han})|(?=\p{Script=Han})/u).filter((piece) => piece !== '');
}

/** Hugging Face's post-processor that puts a token behind each text. @param {string} token @param {number} id */
function endsWith(token, id) {
  const mark = { SpecialToken: { id: token, type_id: 0 } };
  const [first, second] = ['A', 'B'].map((name) => ({ Sequence: { id: name, type_id: 0 } }));
  const special = { id: token, ids: [id], tokens: [token] };
  return {
    type: 'TemplateProcessing',
    single: [first, mark],
    pair: [first, second, mark],
    special_tokens: { [token]: special },
  };
}

/** @param {object} value */
function toJson(value) {
  return `${JSON.stringify(value, null, 1)}\n`;
}
