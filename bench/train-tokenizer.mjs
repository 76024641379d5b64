// Times the training of a byte-level BPE: `node bench/train-tokenizer.mjs [megabytes] [vocabulary sizes...]`, after a build.
// The text is drawn: words of an invented language, as often as in a natural one (Zipf), with punctuation and numbers. A
// process of its own for each size says how much memory it took.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { trainBpe } from '../dist/index.js';
import { RandomNumbers } from './random-numbers.mjs';

const [megabytes = 100, ...sizes] = process.argv.slice(2).map(Number);
const NUM_WORDS = 2_000_000;
const CHUNK_BYTES = 2 ** 18;
const SYLLABLES = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'st', 'tr', 'é', 'ж'].flatMap(
  (onset) => ['a', 'e', 'i', 'o', 'u', 'ar', 'en', 'is'].map((rhyme) => onset + rhyme),
);

if (sizes.length === 1) await measure(sizes[0]);
else
  for (const size of sizes.length > 0 ? sizes : [4096, 32768])
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), `${megabytes}`, `${size}`], { stdio: 'inherit' });

async function measure(vocabSize) {
  const before = process.memoryUsage().rss;
  let drawing = 0;
  let counted;
  async function* text() {
    const next = textSource();
    for (let bytes = 0; bytes < megabytes * 1e6; bytes += CHUNK_BYTES) {
      const start = performance.now();
      const chunk = next();
      drawing += performance.now() - start;
      yield chunk;
    }
  }
  const start = performance.now();
  const onProgress = ({ status }) => {
    if (status === 'merging') counted ??= performance.now() - drawing;
  };
  const { files: _, ...facts } = await trainBpe(text(), { vocabSize, onProgress });
  const end = performance.now() - drawing;
  const { maxRSS } = process.resourceUsage();
  const seconds = (ms) => Number((ms / 1000).toFixed(2));
  console.log(
    JSON.stringify({
      megabytes,
      ...facts,
      secondsToFirstMerge: seconds(counted - start),
      seconds: seconds(end - start),
      peakMiB: Math.round(maxRSS / 1024),
      startMiB: Math.round(before / 2 ** 20),
    }),
  );
}

/** Chunks of text, cut anywhere. */
function textSource() {
  const random = new RandomNumbers(1);
  let rest = '';
  return () => {
    const parts = [rest];
    for (let length = rest.length; length < CHUNK_BYTES; length += parts.at(-1).length) parts.push(nextPart(random));
    const text = parts.join('');
    rest = text.slice(CHUNK_BYTES);
    return text.slice(0, CHUNK_BYTES);
  };
}

function nextPart(random) {
  const kind = random.uniform();
  if (kind < 0.08) return [',', '.', '.\n', '?', ';', ':\n\n'][random.between(0, 5)];
  if (kind < 0.1) return ` ${random.between(0, 9999)}`;
  // The rank of a word under Zipf's law: as likely to lie from 1 to 10 as from 10 to 100.
  const word = spell(Math.floor(NUM_WORDS ** random.uniform()));
  return kind < 0.2 ? ` ${word[0].toUpperCase()}${word.slice(1)}` : ` ${word}`;
}

/** Word number `rank` of the language: frequent words are short. */
function spell(rank) {
  let word = '';
  for (let rest = rank; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
    word += SYLLABLES[rest % SYLLABLES.length];
  return word || 'a';
}
