// Writes stories for training, and says how many bits of choice are in them. `--help` says more.
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { storyRandom } from './story-random.mjs';
import { writeStory } from './story-writer.mjs';

const HELP = `Usage: node scripts/default-models/write-stories.mjs [options]

Writes short English stories, each made anew from a grammar, and prints what is in them to stderr: words, characters, and
bits per story and character: the entropy of the choices that the grammar made, which no model of the text can beat.

  --stories N      how many (default: 10)
  --seed S         a whole number; the same seed gives the same stories (default: 0)
  --first N        the number of the first story, to go on where another file stopped (default: 0)
  --format NAME    jsonl: {"text": ...} a line; text: a story a line, with blank lines between (default: jsonl)
  --output FILE    where to; appears when it is complete (default: stdout)
  --help           this text

Examples:
  node scripts/default-models/write-stories.mjs --stories 3 --format text
  node scripts/default-models/write-stories.mjs --stories 60000 --output train.jsonl
  node scripts/default-models/write-stories.mjs --stories 1000 --first 60000 --output valid.jsonl`;

/** Stories are put together to pieces of this many characters before they are written. */
const PIECE_LENGTH = 2 ** 20;

/** By its number: `process.stdout` would make writing to a pipe fail where it has to wait. */
const STDOUT = 1;

const FORMATS = {
  jsonl: (/** @type {string} */ text) => `${JSON.stringify({ text })}\n`,
  text: (/** @type {string} */ text, /** @type {boolean} */ isFirst) => `${isFirst ? '' : '\n'}${text}\n`,
};

const options = readOptions();
if (options === undefined) console.log(HELP);
else run(options);

function run(/** @type {NonNullable<ReturnType<typeof readOptions>>} */ settings) {
  try {
    report(writeStories(settings));
  } catch (error) {
    if (error.code === undefined) throw error;
    if (error.code !== 'EPIPE') fail(error.message);
  }
}

function writeStories(/** @type {NonNullable<ReturnType<typeof readOptions>>} */ { output, ...settings }) {
  if (output === undefined) return writeInto(STDOUT, settings);
  const unfinished = `${output}.${process.pid}.part`;
  const file = openSync(unfinished, 'wx');
  try {
    const counts = writeInto(file, settings);
    closeSync(file);
    renameSync(unfinished, output);
    return counts;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** @type {(file: number, settings: { stories: number, seed: number, first: number, format: keyof typeof FORMATS }) => Counts} */
function writeInto(file, { stories, seed, first, format }) {
  const counts = { stories, words: 0, characters: 0, bits: 0, squaredBits: 0, distinctWords: new Set() };
  let piece = '';
  for (let i = 0; i < stories; i++) {
    const { text, bits } = writeStory(storyRandom(seed, first + i));
    piece += FORMATS[format](text, i === 0);
    count(counts, text, bits);
    if (piece.length < PIECE_LENGTH && i < stories - 1) continue;
    writeWhole(file, piece);
    piece = '';
  }
  return counts;
}

function writeWhole(/** @type {number} */ file, /** @type {string} */ text) {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; ) start += writeSync(file, bytes, start);
}

/** @typedef {{ stories: number, words: number, characters: number, bits: number, squaredBits: number, distinctWords: Set<string> }} Counts */

function count(/** @type {Counts} */ counts, /** @type {string} */ text, /** @type {number} */ bits) {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  counts.words += words.length;
  counts.characters += text.length;
  counts.bits += bits;
  counts.squaredBits += bits ** 2;
  for (const word of words) counts.distinctWords.add(word);
}

/**
 * A source with an entropy of H bits has at least 2^H outcomes; H is the mean over the stories of −log2 P(story), known up to
 * its standard error.
 */
function report(/** @type {Counts} */ { stories, words, characters, bits, squaredBits, distinctWords }) {
  const mean = bits / stories;
  const error = Math.sqrt(Math.max(0, squaredBits / stories - mean ** 2) / stories);
  console.error(`${stories} stories, ${words} words, ${distinctWords.size} of them distinct, ${characters} characters`);
  console.error(`${(words / stories).toFixed(1)} words and ${(characters / stories).toFixed(1)} characters a story`);
  console.error(`${mean.toFixed(2)} ± ${error.toFixed(2)} bits a story, ${(bits / characters).toFixed(4)} a character`);
  console.error(`so the grammar has at least 2^${(mean - 2 * error).toFixed(1)} stories`);
}

function readOptions() {
  const values = parseFlags();
  if (values.help) return undefined;
  if (!(values.format in FORMATS)) fail(`--format is ${values.format}, wanted ${Object.keys(FORMATS).join(' or ')}`);
  return {
    stories: wholeNumber('stories', values.stories, 1, 2 ** 31),
    seed: wholeNumber('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    first: wholeNumber('first', values.first, 0, 2 ** 31),
    format: /** @type {keyof typeof FORMATS} */ (values.format),
    output: values.output,
  };
}

function parseFlags() {
  try {
    return parseArgs({
      options: {
        stories: { type: 'string', default: '10' },
        seed: { type: 'string', default: '0' },
        first: { type: 'string', default: '0' },
        format: { type: 'string', default: 'jsonl' },
        output: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

/** @type {(name: string, text: string, lowest: number, highest: number) => number} */
function wholeNumber(name, text, lowest, highest) {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= lowest && number <= highest) return number;
  return fail(`--${name} is ${text}, wanted a whole number from ${lowest} to ${highest}`);
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`Cannot write stories: ${message}`);
  process.exit(2);
}
