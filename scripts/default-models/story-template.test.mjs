import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchNode, parseTemplate, writeNode } from './story-template.mjs';

const ANNA = { text: 'Anna', he: 'she', saw: '{hero.he} saw {thing}' };
const BEN = { text: 'Ben', he: 'he', saw: '{hero.he} saw {thing}' };
const SLOTS = {
  hero: { values: [ANNA, BEN] },
  thing: { values: [{ text: 'a bee', by: BEN }, { text: 'a cat' }, { text: 'a dog', by: ANNA }] },
  pet: {
    values: [{ text: 'a cat' }, { text: 'a dog' }],
    needs: ['thing'],
    fits: (pet, thing) => pet.text === thing.text,
  },
};

function write(source, random = () => 0) {
  const draft = { random, slots: SLOTS, bindings: {}, text: '', bits: 0, mentions: [] };
  writeNode(parseTemplate(source), draft);
  return draft;
}

/** All ways to read the whole of a text. */
function read(source, text, maxConflicts = 0) {
  const places = [];
  const reader = { text, slots: SLOTS, maxConflicts, furthest: 0 };
  matchNode(parseTemplate(source), { position: 0, bindings: {}, weight: 1, conflicts: [] }, reader, (place) => {
    if (place.position === text.length) places.push(place);
  });
  return { places, furthest: reader.furthest };
}

describe('writeNode', () => {
  test('a slot keeps its value, and has other forms and a capital letter', () => {
    const last = () => 0.999;
    expect(write('{hero} and {hero}. {Hero.he} ran.', last).text).toBe('Ben and Ben. He ran.');
    expect(write('{Hero.saw}.', last).text).toBe('He saw a dog.');
  });

  test('choices nest, and an empty one leaves its text out', () => {
    const template = '[a|b[|c]]';
    const draws = (...numbers) => write(template, () => numbers.shift()).text;
    expect([draws(0), draws(0.5, 0), draws(0.5, 0.5)]).toEqual(['a', 'b', 'bc']);
  });

  test('counts the bits of every choice once', () => {
    expect(write('[a|b|c|d]{hero}{hero}{thing}').bits).toBeCloseTo(2 + 1 + Math.log2(3), 12);
    expect(write('{pet}', () => 0.5).bits).toBeCloseTo(Math.log2(3), 12); // the thing; then only one pet fits
  });

  test('says where each slot stands', () => {
    expect(write('Then {hero} ran. {Hero.he} fell.').mentions).toEqual([
      { slot: 'hero', form: 'text', isCapital: false, start: 5, end: 9 },
      { slot: 'hero', form: 'he', isCapital: true, start: 15, end: 18 },
    ]);
  });
});

describe('matchNode', () => {
  test('reads what was written, whatever was chosen, with the same values and the same probability', () => {
    const template = '[One day|At night], {hero.saw}[| and {thing}]. {Hero} [ran|fell[|, too]].';
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (numbers) => {
        const draft = write(template, () => numbers.next().value);
        const { places } = read(template, draft.text);
        expect(places.map(({ bindings }) => bindings)).toEqual([draft.bindings]);
        const bitsOfValues = Math.log2(2) + Math.log2(3);
        expect(-Math.log2(places[0].weight) + bitsOfValues).toBeCloseTo(draft.bits, 9);
      }),
    );
  });

  test('reads a slot before the one that it needs', () => {
    expect(read('{pet} is {thing}', 'a dog is a dog').places).toHaveLength(1);
    expect(read('{pet} is {thing}', 'a dog is a cat').places).toHaveLength(0);
  });

  test('reports contradictions as far as they are allowed', () => {
    expect(read('{hero} and {hero}', 'Anna and Ben').places).toHaveLength(0);
    expect(read('{hero} and {hero}', 'Anna and Ben', 1).places[0].conflicts).toEqual([
      { slot: 'hero', wanted: ANNA, got: 'Ben', position: 9 },
    ]);
    expect(read('{pet} is {thing}', 'a dog is a cat', 1).places[0].conflicts).toEqual([
      { slot: 'thing', wanted: undefined, got: 'a cat', position: 9 },
    ]);
  });

  test('knows the first character that nothing explains', () => {
    expect(read('Then [{hero} ran|nobody came]', 'Then nobody ran').furthest).toBe('Then nobody '.length);
  });
});

test.each([
  ['[a|b', '"[" at 0 of "[a|b" is open'],
  ['a]', '"]" at 1 of "a]"'],
  ['{a b}', 'no slot at 0 of "{a b}"'],
  ['x{', 'no slot at 1 of "x{"'],
])('the template %j is refused', (source, message) => {
  expect(() => parseTemplate(source)).toThrow(new SyntaxError(`Cannot parse template: ${message}`));
});
