// Fails on an import that goes up, sideways between folders of one layer, or round in a circle. Layers: layers.json,
// lowest first. `index.ts` and tests may import anything; everything else in src/ belongs to exactly one layer.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const layers = JSON.parse(readFileSync(join(root, 'scripts/layers.json'), 'utf8'));

const sourceFiles = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(source, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !file.startsWith('backends/wasm/assembly/'));

const files = sourceFiles(source);
const isFree = (file) => file === 'index.ts' || file.endsWith('.test.ts');

function placeOf(file) {
  for (const [level, rooms] of layers.entries())
    for (const room of rooms) if (file === room || file.startsWith(`${room}/`)) return { level, room };
  return undefined;
}

function importsOf(file) {
  const text = readFileSync(join(source, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found = [];
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (match[1].startsWith('.')) found.push(relative(source, resolve(source, dirname(file), match[1])));
    else if (match[1] === '#platform' || match[1] === '#hub') found.push(`${match[1].slice(1)}/node.ts`);
  }
  return found;
}

const problems = [];
const graph = new Map(files.map((file) => [file, importsOf(file)]));
for (const [file, imports] of graph) {
  if (isFree(file)) continue;
  const from = placeOf(file);
  if (from === undefined) {
    problems.push(`${file}: belongs to no layer of scripts/layers.json`);
    continue;
  }
  for (const target of imports) {
    const to = placeOf(target);
    if (to === undefined) problems.push(`${file}: imports ${target}, which belongs to no layer`);
    else if (to.level > from.level) problems.push(`${file}: imports upward, ${target}`);
    else if (to.level === from.level && to.room !== from.room) problems.push(`${file}: imports sideways, ${target}`);
  }
}

const state = new Map();
function visit(file, trail) {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    problems.push(`circle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`);
    return;
  }
  state.set(file, 'open');
  for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
  state.set(file, 'done');
}
for (const file of files) visit(file, []);

if (problems.length > 0) {
  console.error(`Layers: ${problems.length} problem(s)\n  ${problems.join('\n  ')}`);
  process.exit(1);
}
console.log(`Layers: ${files.length} files, all imports run downward`);
