#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  const { processIo, run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2), processIo());
} else {
  console.error('kvasir: Cannot start: Kvasir is not built yet. In its folder, run: npm ci && npm run build');
  process.exitCode = 1;
}
