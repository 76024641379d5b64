import { expect, test } from 'vitest';
import { collect } from '../../test/collect.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { readDocuments } from './read-documents.ts';
import { parseSource, type TextSource } from './text-source.ts';

const folder = temporaryFolder();

async function read(...sources: (TextSource | string)[]) {
  const pieces = await collect(readDocuments(sources.map(parseSource)));
  return pieces.map(({ kind, prompt, text, place }) => ({ kind, prompt, text, place }));
}

test('reads every format', async () => {
  const txt = await folder.write('a.txt', 'one\n--\ntwo');
  expect(await read({ format: 'text', path: txt, separator: '--' })).toEqual([
    { kind: 'text', prompt: '', text: 'one', place: `${txt}, document 1` },
    { kind: 'text', prompt: '', text: 'two', place: `${txt}, document 2` },
  ]);
  const jsonl = await folder.write(
    'a.jsonl',
    '{"text": "one", "id": 7}\n\n{"prompt": "two", "completion": " three"}\n',
  );
  expect(await read(jsonl)).toEqual([
    { kind: 'text', prompt: '', text: 'one', place: `${jsonl}, line 1` },
    { kind: 'completions', prompt: 'two', text: ' three', place: `${jsonl}, line 3` },
  ]);
  const pair = { kind: 'pairs', prompt: 'Hund', text: 'dog' };
  const tsv = await folder.write('a.TSV', 'Hund\tdog\n');
  expect(await read(tsv)).toEqual([{ ...pair, place: `${tsv}, line 1` }]);
  const pairs = await folder.write('pairs.ndjson', '{"source": "Hund", "target": "dog"}');
  expect(await read(pairs)).toEqual([{ ...pair, place: `${pairs}, line 1` }]);
  const [sourcePath, targetPath] = [await folder.write('de', 'Hund'), await folder.write('en', 'dog\r\n')];
  expect(await read({ format: 'parallel', sourcePath, targetPath })).toEqual([
    { ...pair, place: `${sourcePath} and ${targetPath}, line 1` },
  ]);
  expect(await read({ format: 'documents', documents: [{ text: 'one' }] })).toEqual([
    { kind: 'text', prompt: '', text: 'one', place: 'document 0' },
  ]);
});

test.each([
  ['a.jsonl', '{"text": "a"}\n{"text": ', 'a.jsonl, line 2: not valid JSON ('],
  ['a.jsonl', '[1]', 'a.jsonl, line 1: got [1], wanted an object with "text", or "prompt" and "completion", or'],
  ['a.jsonl', '{}', 'a.jsonl, line 1: got no fields, wanted "text", or "prompt" and "completion", or "source" and'],
  ['a.jsonl', '{"txt": 1}', 'a.jsonl, line 1: got the fields "txt", wanted "text"'],
  ['a.jsonl', '{"text": "a", "source": "b"}', 'a.jsonl, line 1: got the fields "text", "source", wanted'],
  ['a.jsonl', '{"text": 3}', 'a.jsonl, line 1: "text" is 3, wanted a string'],
  ['a.jsonl', '{"text": ""}', 'a.jsonl, line 1: "text" is empty, wanted text'],
  ['a.jsonl', '{"prompt": "a"}', 'a.jsonl, line 1: "completion" is missing, wanted a string'],
  ['a.jsonl', '{"source": "", "target": "a"}', 'a.jsonl, line 1: "source" is empty, wanted text'],
  ['a.jsonl', '{"text": "a"}\n{"source": "b", "target": "c"}', 'line 2 is a pair of source and target and'],
  ['a.jsonl', '\n\n', 'a.jsonl: it is empty, wanted text'],
  ['a.txt', '', 'a.txt: it is empty, wanted text'],
  ['a.txt', 'a\0', 'a.txt, line 1: it has a NUL character at byte 1'],
  ['a.tsv', 'a\tb\nc', 'a.tsv, line 2: it has 1 columns, wanted source, tab, target'],
  ['a.tsv', 'a\tb\tc', 'a.tsv, line 1: it has 3 columns, wanted source, tab, target'],
  ['a.tsv', 'a\t', 'a.tsv, line 1: "target" is empty, wanted text'],
])('%s that is %j is refused: %s', async (name, content, wanted) => {
  await expect(read(await folder.write(name, content))).rejects.toThrow(wanted);
});

test('refuses parallel texts of unequal length, and blank lines in them', async () => {
  const [sourcePath, targetPath] = [await folder.write('de', 'a\nb\n'), await folder.write('en', 'c\n')];
  await expect(read({ format: 'parallel', sourcePath, targetPath })).rejects.toThrow(
    `Cannot read ${sourcePath} and ${targetPath} together: ${targetPath} ends after 1 lines and ${sourcePath} goes on, wanted as many`,
  );
  await expect(read({ format: 'parallel', sourcePath: targetPath, targetPath: sourcePath })).rejects.toThrow(
    `${targetPath} ends after 1 lines and ${sourcePath} goes on, wanted as many`,
  );
  await folder.write('en', 'c\n\n');
  await expect(read({ format: 'parallel', sourcePath, targetPath })).rejects.toThrow('line 2: "target" is empty');
});

test.each([
  ['a.csv', 'Cannot tell the format of a.csv: it ends with none of .txt, .jsonl, .ndjson, .tsv; give { format, path }'],
  [{ format: 'xml', path: 'a' }, 'its format is "xml", wanted text, jsonl, tsv, parallel, documents'],
  [{ path: 'a' }, 'its format is missing, wanted text,'],
  [{ format: 'text', path: 'a', seperator: 'b' }, 'unknown field "seperator", did you mean "separator"?'],
  [{ format: 'text', path: 'a', separator: '' }, 'separator is "", wanted a text'],
  [{ format: 'text' }, 'path is undefined, wanted a path'],
  [{ format: 'documents', documents: 'a' }, 'documents is a, wanted a list of documents'],
  [7, 'got 7, wanted a path or an object'],
])('the source %j is refused', (source, wanted) => {
  expect(() => parseSource(source as TextSource)).toThrow(wanted);
});
