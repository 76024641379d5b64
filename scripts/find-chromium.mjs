import { accessSync, constants } from 'node:fs';

const CANDIDATES = [
  process.env.KVASIR_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The Chromium that KVASIR_CHROMIUM names, or one in a usual place; undefined if there is none. */
export function findChromium() {
  return CANDIDATES.find(isExecutable);
}

function isExecutable(path) {
  if (path === undefined) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
