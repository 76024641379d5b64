import type { Command } from 'commander';
import { findModel } from './find-model.ts';
import { addFlags, OUTPUT_FLAGS } from './flags.ts';
import { helpEnd } from './help-text.ts';
import { REVISION } from './model-flags.ts';
import type { Terminal } from './terminal.ts';

interface PullFlags {
  readonly revision?: string;
  readonly json?: boolean;
}

const EXAMPLES = [
  ['kvasir pull openai-community/gpt2', 'Download a model and print its folder.'],
  ['kvasir pull openai-community/gpt2 --revision main --json', 'A branch, tag or commit of it; { "folder": … }.'],
] as const;

const VARIABLES =
  'Models are kept where Python keeps them: HF_HUB_CACHE, else hub in HF_HOME, else in ~/.cache/huggingface.\n' +
  'HF_TOKEN opens gated models, HF_ENDPOINT is another hub, HF_HUB_OFFLINE=1 uses only what is here.';

/** `kvasir pull`: downloads a model. */
export function addPullCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('pull')
    .description('Download a model from the Hugging Face hub, or finish an earlier download, and print its folder.')
    .argument('<id>', 'the hub id, such as openai-community/gpt2');
  addFlags(command, 'Model:', [REVISION]);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, VARIABLES));
  command.action((id: string, flags: PullFlags) => pull(terminal, id, flags));
}

async function pull(terminal: Terminal, id: string, flags: PullFlags): Promise<void> {
  const folder = await terminal.interruptible((signal) => findModel(terminal, id, flags, signal));
  if (flags.json) terminal.writeJson({ folder });
  else terminal.write(`${folder}\n`);
}
