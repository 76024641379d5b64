import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { plain, runCli } from '../../test/run-cli.ts';

const ON_REFERENCE = ['chat', '--device', 'reference', '--greedy', '--ignore-eos'] as const;
const GQA = [...ON_REFERENCE, '-m', goldenPath('models', 'llama-gqa'), '-n', '4'] as const;

interface Answer {
  readonly text: string;
  readonly usage: { readonly promptTokens: number };
  readonly cachedTokens: number;
  readonly score?: number;
}

const answersOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);

test('kvasir chat answers messages in turn, and remembers', async () => {
  const { exitCode, stdout } = await runCli([...GQA, '--json', '--message', 'hello', '--message', 'again']);
  expect(exitCode).toBe(0);
  const [first, second] = answersOf(stdout);
  expect(second!.usage.promptTokens).toBeGreaterThan(first!.usage.promptTokens + 4);
});

test('kvasir chat takes each line of stdin for a turn', async () => {
  const asked = await runCli([...GQA, '--message', 'hello', '--message', 'again']);
  const piped = await runCli([...GQA], { stdin: 'hello\n\nagain\n' });
  expect(piped.stdout).toBe(asked.stdout);
  expect(piped.exitCode).toBe(0);
});

test('kvasir chat tells the model what --system says', async () => {
  const [without] = answersOf((await runCli([...GQA, '--json', '--message', 'hello'])).stdout);
  const told = await runCli([...GQA, '--json', '--message', 'hello', '--system', 'Be brief.']);
  expect(answersOf(told.stdout)[0]!.usage.promptTokens).toBeGreaterThan(without!.usage.promptTokens);
});

test('kvasir chat with a model that has no chat template says so at once', async () => {
  const argv = [...ON_REFERENCE, '-m', goldenPath('models', 'gpt2')];
  const { exitCode, stdout, stderr } = await runCli(argv, { isTerminal: true, env: { NO_COLOR: '1' } });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('it has no chat template');
});

test('kvasir chat wants a model', async () => {
  const { exitCode, stderr } = await runCli(['chat', '--message', 'hello']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining('kvasir chat needs a --model: the bundled ones write stories'),
  });
});

test('a conversation that outgrows the context fails', async () => {
  const { exitCode, stderr } = await runCli([...GQA], { stdin: `${'word '.repeat(100)}\n` });
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('but the context holds 128') });
});

test('kvasir chat computes what was said before only once, unless that is switched off', async () => {
  const argv = [...GQA, '--json', '--message', 'hello, how are you today?', '--message', 'again'];
  const [first, second] = answersOf((await runCli(argv)).stdout);
  expect(first!.cachedTokens).toBe(0);
  expect(second!.cachedTokens).toBeGreaterThanOrEqual(16);
  const [, without] = answersOf((await runCli([...argv, '--no-prefix-cache'])).stdout);
  expect(without).toMatchObject({ cachedTokens: 0, text: second!.text });
});

test('kvasir chat answers with the best beam, and remembers it', async () => {
  const argv = [...GQA, '--num-beams', '3', '--message', 'hello', '--message', 'again'];
  const [first, second] = answersOf((await runCli([...argv, '--json'])).stdout);
  expect(first!.score).toBeLessThan(0);
  expect(second!.usage.promptTokens).toBeGreaterThan(first!.usage.promptTokens + 4);
  const { stdout, stderr } = await runCli(argv);
  expect(stdout).toBe(`${first!.text}\n${second!.text}\n`);
  expect(stderr).toContain(` · score: ${first!.score!.toFixed(4)} · `);
});

test('kvasir chat guesses ahead, to the same answer', async () => {
  const plain = await runCli([...GQA, '--message', 'hello']);
  const guessed = await runCli([...GQA, '--prompt-lookup', '--message', 'hello']);
  expect(guessed.stdout).toBe(plain.stdout);
  expect(guessed.stderr).toContain(' · guesses: ');
});

test.each([
  [['--n', '2'], "unknown option '--n'"],
  [['--num-beams', '2', '--num-beam-groups', '3'], 'Cannot generate: --num-beam-groups is 3 and --num-beams is 2'],
  [['--num-beams', '40', '--message', 'hello'], 'it has 40 sequences, but --max-num-sequences is 32'],
])('kvasir chat %j is a wrong command', async (options, message) => {
  const { exitCode, stdout, stderr } = await runCli([...GQA, ...options]);
  expect({ exitCode, stdout: stdout.trim() }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});

/** Types lines on a terminal: each when the prompt has come again. */
async function talk(lines: readonly string[], argv: readonly string[], press?: (stdout: string) => boolean) {
  const stdin = new PassThrough();
  const waiting = [...lines];
  let seen = '';
  return runCli(argv, {
    stdin,
    isTerminal: true,
    env: { NO_COLOR: '1' },
    onOutput: (stdout, pressCtrlC) => {
      if (press?.(stdout)) pressCtrlC();
    },
    onNote: (text) => {
      const fresh = plain(text.slice(seen.length));
      if (!fresh.includes('> ')) return;
      seen = text;
      const line = waiting.shift();
      if (line !== undefined) setImmediate(() => stdin.write(line));
    },
  });
}

test('on a terminal kvasir chat asks until /exit', async () => {
  const { exitCode, stdout, stderr } = await talk(
    ['/help\r', '/rest\r', 'hello\r', '/reset\r', 'hello\r', '/exit\r'],
    GQA,
  );
  expect(exitCode).toBe(0);
  const [first, again] = stdout.trimEnd().split('\n');
  expect(first).not.toBe('');
  expect(again).toBe(first);
  expect(stderr).toContain('/reset  begin a new conversation');
  expect(stderr).toContain('kvasir: Unknown /rest, did you mean "/reset"?');
});

test('lines that are pasted together are turns one after the other', async () => {
  const { stdout } = await talk(['hello\ragain\r/exit\r'], GQA);
  const asked = await runCli([...GQA, '--message', 'hello', '--message', 'again'], { isTerminal: true });
  expect(stdout).toBe(asked.stdout);
});

test('Ctrl-C stops an answer and not the conversation; at the prompt it leaves', async () => {
  const argv = [...ON_REFERENCE, '-m', goldenPath('models', 'llama-gqa'), '-n', '60'];
  let presses = 0;
  const { exitCode, stdout, stderr } = await talk(['hello\r', 'again\r', '\x03'], argv, (text) => {
    if (text.length < 5 || presses > 0) return false;
    presses++;
    return true;
  });
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(/\nstopped\n.*\nprompt: .*interrupted\n$/s);
  expect(stdout.split('\n')[0]!.length).toBeLessThan(10);
});

test('Ctrl-D leaves', async () => {
  expect((await talk(['\x04'], GQA)).exitCode).toBe(0);
});

test('an answer that has no room leaves the conversation as it was', async () => {
  const { exitCode, stdout, stderr } = await talk([`${'word '.repeat(100)}\r`, 'hello\r', '/exit\r'], GQA);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/the context holds 128.*\(\/reset begins anew\)/);
  const asked = await runCli([...GQA, '--message', 'hello'], { isTerminal: true });
  expect(stdout).toBe(`\n${asked.stdout}`);
});
