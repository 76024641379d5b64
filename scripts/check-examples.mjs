// Compiles every example against the built package, as a user would, and runs it.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist-examples`, { recursive: true, force: true });

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit status ${status}`);
}

run('npx', '--no-install', 'tsc', '-p', 'examples');
const examples = readdirSync(`${root}examples`).filter((name) => name.endsWith('.ts'));
for (const name of examples) {
  console.log(`— ${name}`);
  run('node', `dist-examples/${name.replace(/\.ts$/, '.js')}`);
}
console.log(`Examples: ${examples.length} ran`);
