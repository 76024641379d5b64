// Says how many texts are well-formed, consistent stories, and what is wrong with the others. `--help` says more.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkStory } from './story-checker.mjs';
import { readStories } from './story-file.mjs';

const HELP = `Usage: node scripts/default-models/check-stories.mjs FILE [options]

Reads texts by the grammar of write-stories.mjs and prints the shares that are well-formed (every sentence is one of a plot, in
its order) and consistent (the same people and things throughout, effects that fit their causes), and the most frequent
problems. FILE is plain text with blank lines between stories, JSON Lines with a "text" each, or what kvasir generate --json
printed; - is stdin.

  --prompt TEXT        what the texts continue, if they do not begin with it
  --at-least SHARE     exit with 1 if fewer are both, for example 0.95
  --problems N         how many kinds of problems to print (default: 10)
  --json               print one JSON object: numStories, wellFormed, consistent, both, distinct,
                       problems, reports
  --help               this text

Examples:
  node scripts/default-models/check-stories.mjs stories.jsonl
  kvasir generate -m ./model --json "Once upon a time" | node scripts/default-models/check-stories.mjs - --prompt "Once upon a time"`;

/** By its number: `process.stdin` would make reading from a pipe fail where it has to wait. */
const STDIN = 0;

const options = readOptions();
if (options === undefined) console.log(HELP);
else run(options);

function run(/** @type {NonNullable<ReturnType<typeof readOptions>>} */ { file, prompt, atLeast, numKinds, isJson }) {
  const reports = loadStories(file, prompt).map((text) => ({ text, ...checkStory(text) }));
  const result = summarise(reports, numKinds);
  console.log(isJson ? JSON.stringify({ ...result, reports }, undefined, 2) : describe(result));
  if (atLeast !== undefined && result.both < atLeast) process.exitCode = 1;
}

function loadStories(/** @type {string} */ file, /** @type {string} */ prompt) {
  try {
    const stories = readStories(readFileSync(file === '-' ? STDIN : file, 'utf8'), prompt);
    return stories.length > 0 ? stories : fail(`${file === '-' ? 'stdin' : file} is empty`);
  } catch (error) {
    return fail(error.message);
  }
}

/** @typedef {import('./story-checker.mjs').StoryReport & { text: string }} Report */

function summarise(/** @type {readonly Report[]} */ reports, /** @type {number} */ numKinds) {
  const share = (/** @type {(report: Report) => boolean} */ isOne) => reports.filter(isOne).length / reports.length;
  return {
    numStories: reports.length,
    wellFormed: share(({ isWellFormed }) => isWellFormed),
    consistent: share(({ isConsistent }) => isConsistent),
    both: share(({ isWellFormed, isConsistent }) => isWellFormed && isConsistent),
    distinct: new Set(reports.map(({ text }) => text)).size / reports.length,
    problems: frequentProblems(reports).slice(0, numKinds),
  };
}

/** Kinds of problems, most frequent first: in how many stories, and one example. */
function frequentProblems(/** @type {readonly Report[]} */ reports) {
  /** @type {Map<string, { kind: string, numStories: number, example: string }>} */
  const kinds = new Map();
  for (const { problems } of reports) {
    const seen = new Set();
    for (const problem of problems) {
      const kind = problem.slice(0, problem.indexOf(':'));
      if (seen.has(kind)) continue;
      seen.add(kind);
      const { numStories, example } = kinds.get(kind) ?? { numStories: 0, example: problem };
      kinds.set(kind, { kind, numStories: numStories + 1, example });
    }
  }
  return [...kinds.values()].sort((a, b) => b.numStories - a.numStories);
}

function describe(/** @type {ReturnType<typeof summarise>} */ result) {
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1).padStart(5)} %`;
  const lines = [
    `${result.numStories} stories`,
    `${percent(result.wellFormed)} well-formed`,
    `${percent(result.consistent)} consistent`,
    `${percent(result.both)} both`,
    `${percent(result.distinct)} distinct`,
    ...result.problems.map(({ numStories, example }) => `${String(numStories).padStart(7)} x  ${example}`),
  ];
  return lines.join('\n');
}

function readOptions() {
  const { values, positionals } = parseFlags();
  if (values.help) return undefined;
  if (positionals.length !== 1) fail(`got ${positionals.length} files, wanted one`);
  const atLeast = values['at-least'] === undefined ? undefined : Number(values['at-least']);
  if (atLeast !== undefined && !(atLeast >= 0 && atLeast <= 1)) {
    fail(`--at-least is ${values['at-least']}, wanted a number from 0 to 1`);
  }
  if (!/^\d+$/.test(values.problems)) fail(`--problems is ${values.problems}, wanted a whole number`);
  return {
    file: positionals[0],
    prompt: values.prompt,
    atLeast,
    numKinds: Number(values.problems),
    isJson: values.json,
  };
}

function parseFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        prompt: { type: 'string', default: '' },
        'at-least': { type: 'string' },
        problems: { type: 'string', default: '10' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(error.message);
  }
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`Cannot check stories: ${message}`);
  process.exit(2);
}
