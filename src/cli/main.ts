import { CommanderError } from 'commander';
import { EXIT_CODES, exitCodeOf, Interrupted, OutputClosed } from './exit-codes.ts';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { Terminal } from './terminal.ts';

export { processIo } from './io.ts';

/** Runs a command line (without node and script) and gives its exit code; it never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const terminal = new Terminal(io);
  try {
    await createProgram(terminal).parseAsync([...argv], { from: 'user' });
    return EXIT_CODES.ok;
  } catch (error) {
    report(terminal, error, isDebugging(argv, io));
    return exitCodeOf(error);
  }
}

/** Commander has written its own errors already. */
function report(terminal: Terminal, error: unknown, isDebugging: boolean): void {
  if (error instanceof CommanderError || error instanceof OutputClosed) return;
  if (error instanceof Interrupted) terminal.note('interrupted');
  else if (!(error instanceof Error)) terminal.complain(String(error));
  else terminal.complain(isDebugging ? (error.stack ?? error.message) : error.message);
}

function isDebugging(argv: readonly string[], { env }: Io): boolean {
  return argv.includes('--debug') || env.KVASIR_DEBUG === '1';
}
