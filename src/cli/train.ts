import type { Command } from 'commander';
import { oneOf } from './flag-values.ts';
import { addFlagGroups, type Flag } from './flags.ts';
import { helpEnd } from './help-text.ts';
import type { Terminal } from './terminal.ts';
import { RUN_PRESET_NAMES } from './training/run-presets.ts';
import { CONFIG, type TrainingFlags, trainByFlags, trainingFlagGroups } from './training/training-command.ts';

const PRESET: Flag = {
  flags: '--preset <name>',
  description: `a published training: ${RUN_PRESET_NAMES.join(', ')}; --data is still needed`,
  parse: oneOf(RUN_PRESET_NAMES),
};

const EXAMPLES = [
  [
    'kvasir train --preset shakespeare-char-cpu --data input.txt -o ./shakespeare',
    "nanoGPT's small training, in minutes.",
  ],
  ['kvasir train --config run.toml --max-steps 500', 'As a run file says, but for 500 steps.'],
  [
    'kvasir train -d stories.jsonl=3 -d letters.jsonl --vocab-size 4096 --architecture llama -o ./run',
    'A Llama on a mixture: three of four rows are of stories.',
  ],
  [
    'kvasir train --preset transformer-small -d pairs.jsonl -o ./translator --sample-prompt "half past two"',
    'A sequence-to-sequence model from { "source", "target" } a line; a sample is the target of its prompt.',
  ],
  [
    'kvasir train --architecture marian -d de.txt --target-data en.txt --label-smoothing 0.1 -o ./run',
    'From two texts, line by line.',
  ],
  ['kvasir train -o ./run --resume', 'Go on after Ctrl-C, or after the machine went down.'],
  ['kvasir generate -m ./shakespeare/step-00002000 "ROMEO:"', 'What came of it.'],
] as const;

const NOTES = `The first presets are those of nanoGPT for the text of Shakespeare, a token for each character: shakespeare-char-cpu (4 layers,
4 heads, 128 channels, context 64, batch 12, 2,000 steps) and shakespeare-char (6, 6, 384, context 256, batch 64, 5,000
steps, dropout 0.2). Ours have biases, as GPT-2 in Hugging Face's form always has, and no dropout of attention weights. The
others are those of Vaswani et al. 2017 for pairs of source and target: transformer-base as in the paper (6 and 6 layers, 512
channels), transformer-small for a CPU (3 and 3, 128); both with a rate that falls with the inverse square root of the step,
dropout and label smoothing of 0.1, and one table of embeddings for sources, targets and output.

A model with an encoder (--architecture marian, bart, mbart, m2m_100, or a config.json of such) learns from pairs: JSON lines
of { "source", "target" }, a .tsv, or --data with --target-data. Its batches have as many pairs as --batch-size rows of
--context-length have tokens, pairs of like length together. One tokenizer, trained on both sides, serves both; a source
and a target end with </s>, and a target begins with it. Any other model reads a pair as one text, of which the target alone
is learned.

--output gets a folder for each checkpoint (step-00000100) that Kvasir and Hugging Face Transformers load, metrics.jsonl, and
report.html, which opens in any browser. Ctrl-C finishes the step, saves it, and exits with 130; --resume goes on with
the same bits as if nothing had happened.

With --json: { output, checkpoint, report, reason (finished, stopped early, aborted), step, totalTokens, seconds,
numParameters, loss, evaluation { step, loss }, best { step, loss } }.`;

/** `kvasir train`: a new model from data. */
export function addTrainCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('train')
    .description('Train a new model on your own data: checkpoints, metrics and a report, and a line as it goes.');
  addFlagGroups(command, trainingFlagGroups('train', [PRESET, CONFIG]));
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: TrainingFlags) => trainByFlags(terminal, 'train', flags));
}
