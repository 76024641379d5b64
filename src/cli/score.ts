import type { Command } from 'commander';
import type { ScoredToken, TextScore } from '../llm/score-text.ts';
import { UsageError } from './exit-codes.ts';
import { tokenIds, wholeNumber } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatSeconds, formatTable } from './format.ts';
import { helpEnd } from './help-text.ts';
import { CACHE_DTYPE, MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
import type { Terminal } from './terminal.ts';
import { readTextInput } from './text-input.ts';

const SCORE_FLAGS: readonly Flag[] = [
  { flags: '-f, --file <path>', description: 'the text from a file, as it is; - is stdin' },
  { flags: '--token-ids <ids>', description: 'the text as token ids, as 1,403,407', parse: tokenIds },
  {
    flags: '--stride <tokens>',
    description: 'of the windows over a text longer than the context; half the context unless given',
    parse: wholeNumber(1),
  },
];

/** Of models with an encoder. */
const SOURCE_FLAGS: readonly Flag[] = [
  { flags: '--source <text>', description: 'what the text is the target of' },
  { flags: '--source-ids <ids>', description: 'the source as token ids', parse: tokenIds },
  { flags: '--from <code>', description: 'language of the source, as the model spells it: en, en_XX, eng_Latn' },
  { flags: '--to <code>', description: 'language of the text' },
];

interface ScoreFlags extends ModelFlags {
  readonly file?: string;
  readonly tokenIds?: readonly number[];
  readonly stride?: number;
  readonly source?: string;
  readonly sourceIds?: readonly number[];
  readonly from?: string;
  readonly to?: string;
}

const EXAMPLES = [
  ['kvasir score -m ./gpt2 "The sea is wide."', 'Log probability of each token, their sum, and perplexity.'],
  ['kvasir score -m ./gpt2 --file book.txt --stride 512 --json', 'A long text, in windows, as JSON.'],
  ['kvasir score -m ./opus-mt-en-de --source "The sea." "Das Meer."', 'How likely a translation is.'],
] as const;

const JSON_NOTE =
  'With --json: { tokens [{ id, text, logProb }], logProb, perplexity }; the first token of a text has no log probability\n' +
  '(null), that of a target has one; logProb is the sum of all that there are, in nats.';

/** `kvasir score`: how likely a text is. */
export function addScoreCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('score')
    .description('Say how likely a text is: log probability of every token and of the whole, and perplexity.')
    .argument('[text...]', 'the text; - reads it from stdin');
  addFlags(command, 'Text:', SCORE_FLAGS);
  addFlags(command, 'Source, with an encoder:', SOURCE_FLAGS);
  addFlags(command, 'Model:', [...MODEL_FLAGS, CACHE_DTYPE]);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((words: string[], flags: ScoreFlags) => score(terminal, words, flags));
}

async function score(terminal: Terminal, words: readonly string[], flags: ScoreFlags): Promise<void> {
  const { file, tokenIds, stride, source, sourceIds, from, to, json } = flags;
  if (source !== undefined && sourceIds !== undefined)
    throw new UsageError('Cannot score: --source and --source-ids are both given, wanted one of them');
  const text = await readTextInput({ words, file, tokenIds }, terminal.io.stdin);
  if (text === undefined) throw new UsageError('Cannot score: there is no text; give it as an argument or with --file');
  await terminal.interruptible(async (signal) => {
    const { llm, loadMs, adapter } = await openModel(terminal, flags, signal);
    await using _ = llm;
    const start = performance.now();
    const result = await llm.score(text, { source: source ?? sourceIds, from, to, stride, adapter, signal });
    if (json) return terminal.writeJson(toJson(result));
    terminal.write(scoreTable(result));
    const seconds = formatSeconds(performance.now() - start);
    terminal.note(`${result.tokens.length} tokens scored in ${seconds} · loaded in ${formatSeconds(loadMs)}`);
  });
}

function toJson({ tokens, logProb, perplexity }: TextScore): object {
  const rows = tokens.map((token) => ({ id: token.id, text: token.text, logProb: token.logProb ?? null }));
  return { tokens: rows, logProb, perplexity };
}

function scoreTable({ tokens, logProb, perplexity }: TextScore): string {
  const numScored = tokens.filter((token) => token.logProb !== undefined).length;
  const table = formatTable([['token', 'log P', 'P', 'text'], ...tokens.map(scoreRow)], [0, 1, 2]);
  return `${table}\nlog P       ${logProb.toFixed(4)} of ${numScored} tokens\nperplexity  ${perplexity.toFixed(4)}\n`;
}

function scoreRow({ id, text, logProb }: ScoredToken): string[] {
  if (logProb === undefined) return [String(id), '–', '–', JSON.stringify(text)];
  return [String(id), logProb.toFixed(4), `${(100 * Math.exp(logProb)).toFixed(2)} %`, JSON.stringify(text)];
}
