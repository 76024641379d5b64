import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { BundledModel } from '../../hub/bundled-models.ts';
import type { Prompt } from '../../llm/generate-options.ts';
import type { LLM } from '../../llm/llm.ts';
import type { TransduceOptions, Transduction } from '../../llm/transduction.ts';
import { textOfTokens, writeChoices } from '../choice-text.ts';
import { UsageError } from '../exit-codes.ts';
import { flagNames, speakingOfFlags } from '../flag-names.ts';
import { collectTokenIds } from '../flag-values.ts';
import { addFlagGroups, type Flag, OUTPUT_FLAGS } from '../flags.ts';
import {
  ALL_GENERATION_GROUPS,
  completeInput,
  type GenerationFlags,
  isSettledEarly,
  REQUEST_NAMES,
  readGenerationInput,
} from '../generation-flags.ts';
import { toJson } from '../generation-json.ts';
import { followStream } from '../generation-stream.ts';
import { helpEnd } from '../help-text.ts';
import { ENGINE_FLAGS, MODEL_FLAGS, type ModelFlags, openModel } from '../model-flags.ts';
import { speedLine, speedLineOfAll } from '../speed-line.ts';
import type { Terminal } from '../terminal.ts';
import { attentionPage } from './attention-page.ts';
import { mapInOrder } from './map-in-order.ts';
import { readSources, type SourceFlags } from './source-input.ts';

const SOURCE_FLAGS: readonly Flag[] = [
  {
    flags: '-f, --file <path>',
    description: 'a text on each line of a file, and a line for each on stdout; - is stdin',
  },
  { flags: '--whole', description: 'the file, or stdin, is one text' },
  {
    flags: '--token-ids <ids>',
    description: 'the text as token ids, as 17,4,2; may be repeated',
    parse: collectTokenIds,
  },
];

const LANGUAGE_FLAGS: readonly Flag[] = [
  { flags: '--from <code>', description: 'language of the text, as the model spells it: en, en_XX, eng_Latn' },
  { flags: '--to <code>', description: 'language to translate to' },
];

const TARGET_FLAGS: readonly Flag[] = [
  { flags: '--target-prefix <text>', description: 'what the new text must begin with; it is continued' },
];

const ATTENTION_FLAGS: readonly Flag[] = [
  {
    flags: '--attentions <file>',
    description: 'write a picture of where the model looked while it wrote, as a page of HTML',
  },
];

const NAMES = new Map([...REQUEST_NAMES, ...flagNames(LANGUAGE_FLAGS, TARGET_FLAGS)]);

type TranslateFlags = ModelFlags &
  GenerationFlags &
  SourceFlags & {
    readonly from?: string;
    readonly to?: string;
    readonly targetPrefix?: string;
    readonly attentions?: string;
  };

/** What the two commands differ in. */
interface Words {
  readonly name: string;
  readonly description: string;
  readonly languages: readonly Flag[];
  /** What is taken where no model is given. */
  readonly defaultModel: BundledModel | undefined;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
}

const TRANSLATE: Words = {
  name: 'translate',
  description: 'Translate a text, or a text on each line of a file, with an encoder-decoder model.',
  languages: LANGUAGE_FLAGS,
  defaultModel: undefined,
  examples: [
    [
      'kvasir translate -m ./opus-mt-en-de "The sea is wide."',
      'With a model of two languages, and the beams it asks for.',
    ],
    ['kvasir translate -m ./nllb --from eng_Latn --to fra_Latn "Good morning"', 'With a model of many languages.'],
    ['kvasir translate -m ./opus-mt-en-de -f book.txt > buch.txt', 'Line by line, many at once; empty lines stay.'],
    [
      'kvasir translate -m ./opus-mt-en-de --num-beams 8 --n 3 "The sea"',
      'The three best of eight beams, with scores.',
    ],
    ['kvasir translate -m ./opus-mt-en-de --greedy "The sea"', 'The likeliest token each time: faster, as it comes.'],
    [
      'kvasir translate -m ./opus-mt-en-de --attentions map.html "The sea"',
      'And which word came of which, as a picture.',
    ],
  ],
};

const TRANSDUCE: Words = {
  name: 'transduce',
  description: 'Make texts of texts with an encoder-decoder model: normal forms, summaries, corrections.',
  languages: [],
  defaultModel: 'normal-forms',
  examples: [
    ['kvasir transduce "half past two on the third of March 1998"', 'The normal form, by a bundled model.'],
    ['kvasir transduce -m ./bart-large-cnn -f article.txt --whole', 'A summary of a file.'],
    ['cat names.txt | kvasir transduce -m ./names -', 'A line for each line of stdin.'],
  ],
};

const NOTE =
  'What --num-beams, --length-penalty and the other options leave out is as generation_config.json of the model says.\n' +
  'With --json: { text, sourceIds, tokenIds, finishReason, usage, cachedTokens, seed, timings, score }, of several texts a\n' +
  'list of these. Of several sequences (--n) a line has number of the text, score, and sequence, with tabs between.';

/** `kvasir translate` and `kvasir transduce`: texts of texts. */
export function addTranslationCommands(program: Command, terminal: Terminal): void {
  for (const words of [TRANSLATE, TRANSDUCE]) {
    const { name, description, languages, examples } = words;
    const command = program
      .command(name)
      .description(description)
      .argument('[text...]', 'the text; - reads texts from stdin, one a line');
    addFlagGroups(command, [
      ['Text:', [...SOURCE_FLAGS, ...languages, ...TARGET_FLAGS]],
      ['Model:', MODEL_FLAGS],
      ['Engine:', ENGINE_FLAGS],
      ...ALL_GENERATION_GROUPS,
      ['Output:', [...ATTENTION_FLAGS, ...OUTPUT_FLAGS]],
    ]);
    command.addHelpText('after', helpEnd(examples, NOTE));
    command.action((texts: string[], flags: TranslateFlags) => translate(terminal, words, texts, flags));
  }
}

/** What is to be made and printed. */
interface Job {
  readonly terminal: Terminal;
  readonly llm: LLM;
  readonly loadMs: number;
  readonly options: TransduceOptions;
  readonly sources: readonly Prompt[];
}

async function translate(
  terminal: Terminal,
  { name, defaultModel }: Words,
  texts: readonly string[],
  flags: TranslateFlags,
): Promise<void> {
  const input = readGenerationInput(flags);
  const model = flags.model ?? defaultModel;
  if (model === undefined) throw new UsageError(`Cannot ${name}: there is no model; wanted --model <folder>`);
  const { sources, isList } = await readSources(texts, flags, terminal.io.stdin);
  await terminal.interruptible(async (signal) => {
    const { llm, loadMs, adapter } = await openModel(terminal, { ...flags, model }, signal);
    if (flags.model === undefined)
      terminal.note(
        `kvasir: no --model given; this is the bundled model "${model}", of dates, times, numbers and money`,
      );
    await using _ = llm;
    const { from, to, targetPrefix, attentions } = flags;
    const options = {
      ...{ ...input, adapter, signal, useCache: flags.cache, from, to, targetPrefix },
      attentions: attentions !== undefined,
    };
    const settings = completeInput(input, flags, llm.defaults);
    const job: Job = { terminal, llm, loadMs, options, sources };
    const isStreamed = !isList && isSettledEarly(settings) && settings.numReturnSequences === 1 && !flags.json;
    const made = await speakingOfFlags(NAMES, () =>
      isStreamed && attentions === undefined
        ? printStream(job)
        : printAll(job, { isList, isJson: flags.json ?? false }),
    );
    if (attentions !== undefined) await writeFile(attentions, attentionPage(llm, sources, made));
  });
}

/** One text as it comes. */
async function printStream({ terminal, llm, loadMs, options, sources }: Job): Promise<readonly Transduction[]> {
  const { attentions: _, ...rest } = options;
  try {
    const generation = await followStream(llm.stream(sources[0]!, rest), ({ text, tokenId }) =>
      terminal.write(terminal.printable(llm.tokenizer === undefined ? textOfTokens(llm, [tokenId]) : text)),
    );
    terminal.write('\n');
    terminal.note(speedLine(generation, loadMs));
  } catch (error) {
    terminal.write('\n');
    throw error;
  }
  return [];
}

/** All texts in their order, each as soon as it and those before it are done. */
async function printAll(job: Job, style: { isList: boolean; isJson: boolean }): Promise<readonly Transduction[]> {
  const { terminal, llm, loadMs, options, sources } = job;
  const start = performance.now();
  const made: Transduction[] = [];
  for await (const one of mapInOrder(sources, (source) => llm.transduce(source, options))) {
    made.push(one);
    if (style.isJson) continue;
    if (style.isList) writeLines(job, one, made.length);
    else if (one.choices.length === 1) terminal.write(`${terminal.printable(textOf(llm, one))}\n`);
    else writeChoices(terminal, one, { llm, prompt: sources[0]!, promptNumber: undefined, echo: false });
  }
  if (style.isJson) {
    const objects = made.map((one) => ({ ...toJson(llm, one, loadMs), sourceIds: one.sourceIds }));
    terminal.writeJson(style.isList ? objects : objects[0]);
  } else {
    const ms = performance.now() - start;
    terminal.note(style.isList ? speedLineOfAll(made, ms, loadMs) : speedLine(made[0]!, loadMs));
  }
  return made;
}

/** One line for each text, or for each of its sequences. */
function writeLines({ terminal, llm }: Job, { choices }: Transduction, number: number): void {
  for (const choice of choices) {
    const line = terminal.printable(textOf(llm, choice).replace(/\r?\n/g, ' '));
    const columns = choices.length === 1 ? [line] : [number, choice.score?.toFixed(4) ?? '', line];
    terminal.write(`${columns.join('\t')}\n`);
  }
}

function textOf(llm: LLM, { text, tokenIds }: Pick<Transduction, 'text' | 'tokenIds'>): string {
  return llm.tokenizer === undefined ? textOfTokens(llm, tokenIds).trimEnd() : text;
}
