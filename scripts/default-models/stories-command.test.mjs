import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'kvasir-stories-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(script, args, input = '') {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8', input });
  return { status, stdout, stderr };
}

const write = (...args) => run('write-stories.mjs', args);
const check = (input, ...args) => run('check-stories.mjs', ['-', ...args], input);

describe('write-stories', () => {
  test('writes JSON Lines that check out, and says what is in them', () => {
    const output = join(folder, 'stories.jsonl');
    const { status, stdout, stderr } = write('--stories', '20', '--seed', '3', '--output', output);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^20 stories, \d+ words, \d+ of them distinct, \d+ characters\n/);
    expect(stderr).toMatch(
      /± [\d.]+ bits a story, 0\.\d+ a character\nso the grammar has at least 2\^\d+\.\d stories\n$/,
    );
    expect(readdirSync(folder)).toEqual(['stories.jsonl']);
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line)))).toEqual(lines.map(() => ['text']));
    expect(run('check-stories.mjs', [output, '--at-least', '1'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('goes on where another file stopped', () => {
    const [whole, start, rest] = [
      ['--stories', '6'],
      ['--stories', '4'],
      ['--stories', '2', '--first', '4'],
    ];
    expect(write(...start).stdout + write(...rest).stdout).toBe(write(...whole).stdout);
  });

  test('text has a blank line between stories', () => {
    const { stdout } = write('--stories', '3', '--format', 'text');
    expect(stdout).toMatch(/^[^\n]+\n\n[^\n]+\n\n[^\n]+\n$/);
    expect(check(stdout).stdout).toMatch(/^3 stories\n/);
  });

  test.each([
    [['--stories', '0'], '--stories is 0, wanted a whole number from 1 to 2147483648'],
    [['--seed', 'x'], '--seed is x, wanted a whole number from 0 to 9007199254740991'],
    [['--format', 'csv'], '--format is csv, wanted jsonl or text'],
    [['--output', join(folder, 'none', 'file')], 'ENOENT'],
    [['--colour'], "Unknown option '--colour'"],
  ])('%j is refused', (args, message) => {
    const { status, stderr } = write(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(`Cannot write stories: ${message}`);
  });
});

describe('check-stories', () => {
  const [one, two] = write('--stories', '2').stdout.trimEnd().split('\n');

  test('prints the shares and the problems, and fails where too few are sound', () => {
    const stories = `${one}\n${two}\n{"text":"Once upon a time"}\n{"text":"Hello."}\n`;
    const { status, stdout } = check(stories, '--at-least', '0.6');
    expect(status).toBe(1);
    expect(stdout).toContain('4 stories\n 50.0 % well-formed\n');
    expect(stdout).toContain('1 x  unfinished: the text ends before the story does');
    expect(check(stories, '--at-least', '0.5').status).toBe(0);
  });

  test('--json has a report of each story', () => {
    const { numStories, both, reports } = JSON.parse(check(`${one}\n`, '--json').stdout);
    expect({ numStories, both }).toEqual({ numStories: 1, both: 1 });
    expect(reports[0]).toMatchObject({ text: JSON.parse(one).text, isWellFormed: true, isConsistent: true });
  });

  test('--prompt goes before what continues it', () => {
    const { text } = JSON.parse(one);
    const rest = JSON.stringify({ text: text.slice(10) });
    expect(check(rest, '--at-least', '1').status).toBe(1);
    expect(check(rest, '--at-least', '1', '--prompt', text.slice(0, 10)).status).toBe(0);
  });

  test.each([
    [['--at-least', '2'], one, '--at-least is 2, wanted a number from 0 to 1'],
    [['--problems', 'all'], one, '--problems is all, wanted a whole number'],
    [['other'], one, 'got 2 files, wanted one'],
    [[], '', 'stdin is empty'],
    [[], '{"story": 1}', 'Cannot read record 1: it has no string "text"'],
  ])('%j is refused', (args, input, message) => {
    const { status, stderr } = check(input, ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Cannot check stories: /);
    expect(stderr).toContain(message);
  });

  test('a file that is not there is named', () => {
    const { status, stderr } = run('check-stories.mjs', [join(folder, 'none.jsonl')]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/none\.jsonl/);
  });
});

test.each(['write-stories.mjs', 'check-stories.mjs'])('%s explains itself', (script) => {
  const { status, stdout } = run(script, ['--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Usage: node scripts\/default-models\/.*\nExamples:\n/s);
});
