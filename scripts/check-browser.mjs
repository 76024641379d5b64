// The engine in a real browser: conformance suite and models, in a page with and without cross-origin isolation, in a
// worker and in the page itself; the bits must be those of Node.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { findChromium } from './find-chromium.mjs';
import { serveFolders } from './static-server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const models = join(root, 'test/goldens/models');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

const executablePath = findChromium();
if (executablePath === undefined) {
  console.log(
    'The browser part did not run: there is no Chromium here. Name one with KVASIR_CHROMIUM=/path/to/chromium.',
  );
  process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), 'kvasir-browser-'));
const failures = [];
try {
  await bundle(join(root, 'test/browser'), join(scratch, 'site'));
  const expected = await inNode();
  const browser = await chromium.launch({
    executablePath,
    args: [...FLAGS, '--disable-component-update', '--disable-sync'],
  });
  try {
    for (const isolated of [true, false]) await checkPage(browser, isolated, expected);
    console.log(`Chromium ${browser.version()}`);
  } finally {
    await browser.close();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exit(1);
}

/** Bundles a page against the built package, as a user's own Vite would. */
async function bundle(source, outDir) {
  await build({
    root: source,
    base: '/site/',
    logLevel: 'warn',
    resolve: {
      alias: [
        { find: /^kvasir$/, replacement: join(root, 'dist/index.js') },
        { find: /^kvasir\/testing$/, replacement: join(root, 'dist/backend/conformance.js') },
      ],
    },
    build: { outDir, target: 'esnext', emptyOutDir: true },
    worker: { format: 'es' },
  });
}

async function inNode() {
  const outDir = join(root, 'dist-examples/browser');
  await build({
    logLevel: 'warn',
    build: { ssr: join(root, 'test/browser/engine-check.ts'), outDir, target: 'node20', emptyOutDir: true },
    ssr: { external: ['kvasir', 'kvasir/testing'] },
  });
  const { checkModel } = await import(join(outDir, 'engine-check.js'));
  return async (name) => checkModel(join(models, name));
}

async function checkPage(browser, isolated, expectedOf) {
  const server = await serveFolders({ site: join(scratch, 'site'), models }, { isolated });
  const page = await browser.newPage();
  page.on('pageerror', (error) => failures.push(`page: ${error.message}`));
  try {
    await page.goto(`${server.origin}/site/index.html`);
    const reports = await page.evaluate(() => window.report);
    for (const [place, report] of Object.entries(reports)) await checkReport(place, isolated, report, expectedOf);
  } finally {
    await page.close();
    await server.close();
  }
}

async function checkReport(place, isolated, report, expectedOf) {
  const where = `${isolated ? 'isolated' : 'not isolated'}, in the ${place}`;
  failures.push(...report.failures.map((failure) => `${where}: ${failure}`));
  if (report.isIsolated !== isolated) failures.push(`${where}: isolation is ${report.isIsolated}`);
  for (const [name, got] of Object.entries(report.models)) {
    const wanted = await expectedOf(name);
    if (JSON.stringify(got) !== JSON.stringify(wanted))
      failures.push(`${where}: ${name} gives ${JSON.stringify(got)}, Node ${JSON.stringify(wanted)}`);
  }
  const { numConformanceCases, threads } = report;
  console.log(
    `${where}: ${numConformanceCases} conformance cases, ${threads} thread(s), ${report.failures.length} failed`,
  );
}
