import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from '../../test/run-cli.ts';
import { createProgram } from './program.ts';
import { Terminal } from './terminal.ts';

const TOKENIZER_COMMANDS = ['tokenizer train', 'tokenizer encode'];
const COMMANDS = [
  'generate',
  'chat',
  'score',
  'train',
  'finetune',
  'evaluate',
  'bench',
  'memory',
  'inspect',
  'pull',
  'merge-adapter',
  'translate',
  'transduce',
  'quantize',
  'dequantize',
  ...TOKENIZER_COMMANDS,
];
const GROUPS = ['', 'tokenizer'];

const words = (name: string) => name.split(' ').filter((word) => word !== '');

test.each([...GROUPS, ...COMMANDS].map(words))('the help of kvasir %s has examples and exit codes', async (...name) => {
  const { exitCode, stdout, stderr } = await runCli([...name, '--help']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain(['Usage: kvasir', ...name].join(' '));
  expect(examplesOf(stdout).length).toBeGreaterThanOrEqual(2);
  expect(stdout).toContain(
    'Exit codes: 0 done, 1 it could not be done, 2 the command is wrong, 130 interrupted (Ctrl-C).',
  );
  expect(stdout).not.toContain('\x1b');
});

test.each(COMMANDS)('every option of kvasir %s is described', async (name) => {
  const { stdout } = await runCli([...words(name), '--help']);
  // A description stands beside its option, or below it if there is no room.
  const described = /^ {2}(-\w, )?--[a-z\d-]+( [<[][\w=]+[>\]])?( {2,}|\n {30,})\S/gm;
  const numOptions = stdout.match(/^ {2}-/gm)!.length;
  expect(numOptions).toBeGreaterThan(2);
  expect(stdout.match(described)).toHaveLength(numOptions);
});

test('kvasir generate lists its options by subject, the rare ones at the end', async () => {
  const { stdout } = await runCli(['generate', '--help']);
  const titles = [...stdout.matchAll(/^(\w[\w ]*):$/gm)].map((match) => match[1]);
  expect(titles).toEqual([
    ...['Arguments', 'Prompt', 'Model', 'Engine', 'Length and end', 'Search', 'Sampling'],
    ...['Penalties and constraints', 'Speculation', 'Output', 'More', 'Options', 'Examples'],
  ]);
  expect(stdout).toMatch(/\nSearch:\n.*\n {2}--num-beams .*\nSampling:\n.*\nMore:\n.*\n {2}--mirostat-tau /s);
});

test.each([...GROUPS, ...COMMANDS])('every example of kvasir %s is understood', async (name) => {
  const { stdout } = await runCli([...words(name), '--help']);
  for (const example of examplesOf(stdout)) await expect(parse(example)).resolves.toBe(true);
});

test('an example with a mistake would not be understood', async () => {
  await expect(parse('kvasir generate --modle ./gpt2 "Once"')).rejects.toThrow("unknown option '--modle'");
});

test.each(GROUPS)('kvasir %s alone shows its help and fails', async (name) => {
  const { exitCode, stdout, stderr } = await runCli(words(name));
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(`Usage: ${['kvasir', ...words(name)].join(' ')}`);
});

test('--version is the version of the package', async () => {
  expect(await runCli(['--version'])).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
});

test('titles are bold on a terminal only', async () => {
  const onTerminal = await runCli(['--help'], { isTerminal: true });
  expect(onTerminal.stdout).toContain('\x1b[1mUsage:');
  const without = await runCli(['--help'], { isTerminal: true, env: { NO_COLOR: '1' } });
  expect(without.stdout).not.toContain('\x1b');
});

function examplesOf(help: string): string[] {
  return [...help.matchAll(/^ {2}\$ (.*)$/gm)].map((match) => match[1]!);
}

/** Parses a shell line as far as examples go: words, double quotes, a pipe before, a file after. */
async function parse(example: string): Promise<boolean> {
  const command = example.replace(/^.*\| /, '').replace(/ < \S+$/, '');
  const given = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
  expect(given.shift()).toBe('kvasir');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const io = { stdin: process.stdin, stdout: nowhere, stderr: nowhere, env: {}, onInterrupt: () => () => {} };
  const program = createProgram(new Terminal(io));
  let hasRun = false;
  for (const one of program.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : command))) {
    one.action(() => {
      hasRun = true;
    });
  }
  await program.parseAsync(given, { from: 'user' });
  return hasRun;
}
