import { describe, expect, test } from 'vitest';
import { readStories } from './story-file.mjs';

describe('readStories', () => {
  test.each([
    ['plain text', 'One.\n\nTwo.\n \n\nThree.\n', ['One.', 'Two.', 'Three.\n']],
    ['plain text of Windows', 'One.\r\n\r\nTwo.', ['One.', 'Two.']],
    ['JSON Lines', '{"text":"One."}\n\n{"text":"Two."}\n', ['One.', 'Two.']],
    ['an object', '{\n"text": "One."\n}', ['One.']],
    ['a list', '[{"text":"One."},{"text":"Two."}]', ['One.', 'Two.']],
    ['choices', '{"text":"One.","choices":[{"text":"One."},{"text":"Two."}]}', ['One.', 'Two.']],
    ['an echoed prompt', '{"prompt":"Once","text":" more."}', ['Once more.']],
    ['nothing', '', []],
  ])('%s', (_, content, wanted) => {
    expect(readStories(content)).toEqual(wanted);
  });

  test('a prompt comes before texts that have none of their own', () => {
    expect(readStories('[{"text":" day."},{"prompt":"Two","text":" days."}]', 'One')).toEqual([
      'One day.',
      'Two days.',
    ]);
    expect(readStories(' day.', 'One')).toEqual(['One day.']);
  });

  test('what cannot be read is named', () => {
    expect(() => readStories('{"text":"a"}\n{"text":')).toThrow(/^Cannot read line 2 as JSON: /);
    expect(() => readStories('{"text":"a"}\n{"story":"b"}')).toThrow('Cannot read record 2: it has no string "text"');
    expect(() => readStories('[{"text":1}]')).toThrow('Cannot read record 1: it has no string "text"');
    expect(() => readStories('[null]')).toThrow('Cannot read record 1: it has no string "text"');
  });
});
