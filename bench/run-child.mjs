import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script in a fresh Node process and returns what it prints as JSON on its last line. */
export async function runChild(script, ...args) {
  const { stdout } = await run(process.execPath, [fileURLToPath(script), ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}

/** Measures one case (`cases/<name>.mjs`) in a process of its own, so that cases cannot disturb each other. */
export function runCase(name, parameters) {
  return runChild(new URL('cases/run.mjs', import.meta.url), name, JSON.stringify(parameters));
}
