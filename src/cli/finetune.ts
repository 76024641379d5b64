import type { Command } from 'commander';
import { addFlagGroups } from './flags.ts';
import { helpEnd } from './help-text.ts';
import type { Terminal } from './terminal.ts';
import { CONFIG, type TrainingFlags, trainByFlags, trainingFlagGroups } from './training/training-command.ts';

const EXAMPLES = [
  ['kvasir finetune -m ./gpt2 -d letters.jsonl -o ./run --epochs 2', 'All weights, twice over the data.'],
  ['kvasir finetune -m ./gpt2 -d answers.jsonl -o ./run --lora-rank 8', 'An adapter; the loss is on the completions.'],
  ['kvasir finetune -m stories -d letters.txt -o ./run', 'A bundled model, whose codes are widened to floats.'],
  [
    'kvasir finetune -m ./qwen2 -d a.jsonl -o ./run --lora-rank 16 --lora-targets q_proj,v_proj',
    'An adapter of some layers.',
  ],
  [
    'kvasir finetune -m ./nllb -d pairs.jsonl --from eng_Latn --to fra_Latn -o ./run',
    'A model that translates, on { "source", "target" } a line.',
  ],
  ['kvasir generate -m ./gpt2 --adapter ./run/step-00000500 "Dear"', 'What came of it.'],
] as const;

const NOTES = `JSON lines are { "text" }, or { "prompt", "completion" }, of which the completion alone is learned, or { "source",
"target" } likewise. A model with an encoder learns from pairs alone, which are read as where it is served: by its own tokenizers, with
its languages and marks. Unless given, rows have 256 tokens or what the model takes, batches 4 rows, and the learning rate is
5e-5, or 2e-4 for an adapter.

Weights that are codes of 8 or 4 bits, as the bundled models', are widened to float32 where all weights are trained (--dtype names
another width). The checkpoints are floats, of which kvasir quantize makes codes again. Beside an adapter they stay codes.

--output gets a folder for each checkpoint (step-00000100): a whole model, or with --lora-rank an adapter in PEFT's layout,
metrics.jsonl and report.html. Ctrl-C finishes the step, saves it, and exits with 130; --resume goes on with the same bits.

With --json: what kvasir train prints.`;

/** `kvasir finetune`: a model goes on learning, whole or by an adapter. */
export function addFinetuneCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('finetune')
    .description('Train a model further on your own data: all of its weights, or a LoRA adapter beside them.');
  addFlagGroups(command, trainingFlagGroups('finetune', [CONFIG]));
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: TrainingFlags) => trainByFlags(terminal, 'finetune', flags));
}
