// Runs the benchmark's page in a headless Chromium: `node drive.mjs '{"threads": 2, …}'` prints one line of JSON.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { serveFolders } from '../../scripts/static-server.mjs';
import { CACHE_FOLDER } from '../checkpoint.mjs';
import { ensureGguf } from '../peers/gguf.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const wllama = join(here, '..', 'peers', 'node_modules', '@wllama', 'wllama');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const { executablePath, folders, threads, vocabulary, tokens, rounds, withPeers } = JSON.parse(process.argv[2]);
const site = mkdtempSync(join(tmpdir(), 'kvasir-bench-'));
const results = [];
try {
  await bundle(site);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    for (const isolated of [true, false]) await measurePage(browser, isolated);
    if (withPeers && existsSync(wllama)) results.push(await measurePeer(browser));
    console.log(JSON.stringify({ chromium: browser.version(), results }));
  } finally {
    await browser.close();
  }
} finally {
  rmSync(site, { recursive: true, force: true });
}

/** Bundles the page against the built package, as a user's own Vite would. */
async function bundle(outDir) {
  const kvasir = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  await build({
    root: here,
    base: '/site/',
    logLevel: 'error',
    resolve: { alias: { kvasir } },
    build: { outDir, target: 'esnext', emptyOutDir: true },
    worker: { format: 'es' },
  });
}

/** An isolated page has `threads` threads; another has one, and there the first model is enough. */
async function measurePage(browser, isolated) {
  for (const { dtype, folder } of isolated ? folders : folders.slice(0, 1)) {
    const measured = await withPage(browser, isolated, (page, origin) => {
      const parameters = { folder: `${origin}/models/${basename(folder)}`, vocabulary, tokens, rounds };
      return page.evaluate((parameters) => window.measureKvasir(parameters), {
        ...parameters,
        ...(isolated ? { threads } : {}),
      });
    });
    results.push({ engine: 'kvasir', dtype, ...measured });
  }
}

async function measurePeer(browser) {
  const gguf = await ensureGguf('Q8_0');
  const { version } = JSON.parse(readFileSync(join(wllama, 'package.json')));
  const measured = await withPage(browser, true, (page, origin) => {
    const parameters = { gguf: `${origin}/models/${basename(gguf)}`, threads, tokens };
    return page.evaluate((parameters) => window.measureWllama(parameters), parameters);
  });
  return { engine: 'wllama', version, dtype: 'Q8_0', threads: measured.isMultithread ? threads : 1, ...measured };
}

async function withPage(browser, isolated, use) {
  const server = await serveFolders({ site, models: CACHE_FOLDER, wllama: join(wllama, 'esm') }, { isolated });
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  try {
    await page.goto(`${server.origin}/site/index.html`);
    return await use(page, server.origin);
  } finally {
    await page.close();
    await server.close();
  }
}
