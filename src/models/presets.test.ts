import { expect, test } from 'vitest';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { countParameters } from './parameter-spec.ts';
import { modelPreset, PRESET_NAMES } from './presets.ts';

const parameters = (name: string) => countParameters(decoderOnlyParameters(modelPreset(name).config));

test('presets have the published parameter counts', () => {
  expect(parameters('gpt2')).toBe(124_439_808);
  expect(parameters('gpt2-medium')).toBe(354_823_168);
  expect(parameters('gpt2-large')).toBe(774_030_080);
  expect(parameters('gpt2-xl')).toBe(1_557_611_200);
  expect(Math.round(parameters('gpt3') / 1e9)).toBe(175);
});

test('the gpt3 preset alternates full and banded attention', () => {
  const { windows } = modelPreset('gpt3').config;
  expect(windows.slice(0, 4)).toEqual([undefined, 256, undefined, 256]);
  expect(windows).toHaveLength(96);
});

test('an unknown preset lists the known ones', () => {
  expect(() => modelPreset('gpt2-mediun')).toThrow(
    `Cannot find preset "gpt2-mediun", did you mean "gpt2-medium"?; known: ${PRESET_NAMES.join(', ')}`,
  );
});
