import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'training.json';

/**
 * Writes training.json beside a model: how it was trained, and the SHA-256 of its weights as they lie there.
 * @param {string} folder @param {{ curve: object } & Record<string, unknown>} record
 */
export function writeTrainingRecord(folder, { curve, ...facts }) {
  const record = { ...facts, sha256: sha256(join(folder, 'model.safetensors')), curve };
  writeFileSync(join(folder, NAME), `${JSON.stringify(record, null, 2)}\n`);
}

/** Writes training.json again for weights that were written anew. @param {string} folder */
export function renewTrainingRecord(folder) {
  writeTrainingRecord(folder, JSON.parse(readFileSync(join(folder, NAME), 'utf8')));
}

function sha256(/** @type {string} */ path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
