import { CommanderError } from 'commander';

export const EXIT_CODES = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export const EXIT_CODES_HELP = `Exit codes: ${EXIT_CODES.ok} done, ${EXIT_CODES.failed} it could not be done, ${EXIT_CODES.usage} the command is wrong, ${EXIT_CODES.interrupted} interrupted (Ctrl-C).`;

/** The command cannot mean anything: an unknown option, an impossible value, two that contradict each other. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/** Whoever read our output has gone, as `head` does: no failure. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof OutputClosed) return EXIT_CODES.ok;
  if (error instanceof Interrupted) return EXIT_CODES.interrupted;
  if (error instanceof UsageError) return EXIT_CODES.usage;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  return EXIT_CODES.failed;
}
