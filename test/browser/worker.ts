import { checkEngine } from './engine-check.ts';

self.onmessage = async ({ data: models }: MessageEvent<string>) => {
  try {
    self.postMessage({ report: await checkEngine(models) });
  } catch (error) {
    self.postMessage({ error: (error as Error).stack ?? String(error) });
  }
};
