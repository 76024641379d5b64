import { type PassThrough, Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Io } from '../src/cli/io.ts';
import { run } from '../src/cli/main.ts';

export interface CliOptions {
  /** What stdin holds, or a stream to write to meanwhile. */
  readonly stdin?: string | PassThrough;
  /** Whether the three streams are terminals. */
  readonly isTerminal?: boolean;
  readonly env?: Io['env'];
  /** Sees stdout as it grows; may press Ctrl-C. */
  readonly onOutput?: (stdout: string, pressCtrlC: () => void) => void;
  /** Sees stderr as it grows. */
  readonly onNote?: (stderr: string) => void;
  /** Is given what presses Ctrl-C, before the command runs. */
  readonly onStart?: (pressCtrlC: () => void) => void;
  /** Whoever reads stdout goes away after this many characters. */
  readonly closesAfter?: number;
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, with streams of its own. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const {
    stdin = '',
    isTerminal = false,
    env = {},
    onOutput,
    onNote,
    onStart,
    closesAfter = Number.POSITIVE_INFINITY,
  } = options;
  const listeners = new Set<() => void>();
  const pressCtrlC = () => {
    for (const listener of [...listeners]) listener();
  };
  const output = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        if (name === 'stdout' && output.stdout.length >= closesAfter) {
          done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
          return;
        }
        output[name] += chunk;
        if (name === 'stdout') onOutput?.(output.stdout, pressCtrlC);
        else onNote?.(output.stderr);
        done();
      },
    });
  const tty = { isTTY: isTerminal, columns: 100 };
  onStart?.(pressCtrlC);
  const exitCode = await run(argv, {
    stdin: Object.assign(typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin, tty),
    stdout: Object.assign(sink('stdout'), tty),
    stderr: Object.assign(sink('stderr'), tty),
    env,
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  return { exitCode, ...output };
}

/** Stdout of a command that must succeed, as JSON. */
export async function runJson<Json>(...argv: readonly string[]): Promise<Json> {
  const { exitCode, stdout, stderr } = await runCli([...argv, '--json']);
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as Json;
}

/** Text of a terminal without colours and cursor movements. */
export const plain = stripVTControlCharacters;
