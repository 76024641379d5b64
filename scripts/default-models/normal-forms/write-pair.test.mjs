import { describe, expect, test } from 'vitest';
import { heldOutPairs } from './measure.mjs';
import { isHeldOut, writePair } from './write-pair.mjs';

const PAIRS = Array.from({ length: 20_000 }, (_, i) => writePair(0, i));

describe('writePair', () => {
  test('writes the same pair for the same seed and number, and another one for others', () => {
    expect(writePair(7, 3)).toEqual(writePair(7, 3));
    const inputs = [writePair(7, 3), writePair(7, 4), writePair(8, 3)].map(({ source }) => source);
    expect(new Set(inputs).size).toBe(3);
  });

  test('gives one input one normal form', () => {
    const targets = new Map();
    for (const { source, target } of PAIRS) {
      const key = source.toLowerCase();
      expect([source, targets.get(key) ?? target]).toEqual([source, target]);
      targets.set(key, target);
    }
    expect(targets.size).toBeGreaterThan(17_000);
  });

  test('holds inputs out of all training, in whatever case', () => {
    const heldOut = heldOutPairs(2000);
    const inputs = new Set(heldOut.map(({ source }) => source.toLowerCase()));
    expect(inputs.size).toBe(2000);
    expect(PAIRS.filter(({ source }) => inputs.has(source.toLowerCase()))).toEqual([]);
    expect(heldOut.every(({ source }) => isHeldOut(source) && isHeldOut(source.toUpperCase()))).toBe(true);
    expect(PAIRS.some(({ source }) => isHeldOut(source))).toBe(false);
  });

  test('writes all kinds in both languages', () => {
    for (const kind of ['date', 'time', 'date and time', 'number', 'money'])
      for (const [language, least] of [
        ['English', 0.07],
        ['Chinese', 0.045],
      ])
        expect(PAIRS.filter((pair) => pair.kind === kind && pair.language === language).length).toBeGreaterThan(
          least * PAIRS.length,
        );
  });

  test('gives normal forms that others read: ISO 8601, plain decimals, ISO 4217', () => {
    const forms = {
      date: /^\d{4}-\d\d-\d\d$/,
      time: /^([01]\d|2[0-3]):[0-5]\d$/,
      'date and time': /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d$/,
      number: /^-?(0|[1-9]\d*)(\.\d{0,2}[1-9])?$/,
      money: /^(JPY [1-9]\d*|(USD|EUR|GBP|CNY|CAD|AUD) (0|[1-9]\d*)\.\d\d)$/,
    };
    for (const { kind, target } of PAIRS) {
      expect(target).toMatch(forms[kind]);
      expect(target).not.toBe('-0');
      if (kind === 'date') expect(new Date(target).toISOString().slice(0, 10)).toBe(target);
    }
  });

  test('writes clean text: no gaps, nothing undefined, plain spaces', () => {
    for (const { source, language } of PAIRS) {
      expect(source).not.toMatch(/^\s|\s$| {2}|undefined|NaN|-\s|\s-|[-,]$/);
      const isFigures = /^[-\d.,:]+$/.test(source);
      expect([source, isFigures || /\p{Script=Han}/u.test(source)]).toEqual([
        source,
        isFigures || language === 'Chinese',
      ]);
    }
  });
});
