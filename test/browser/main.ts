// What the page does: the engine runs in a worker of its own, as it should in a page, and once in the page itself.
import { checkEngine, type EngineReport } from './engine-check.ts';

declare global {
  interface Window {
    /** What the driver reads: resolves when all checks have run. */
    report: Promise<{ readonly page: EngineReport; readonly worker: EngineReport }>;
  }
}

const models = `${location.origin}/models`;

window.report = (async () => ({ worker: await checkInWorker(), page: await checkEngine(models) }))();

function checkInWorker(): Promise<EngineReport> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise<EngineReport>((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (data.report) resolve(data.report);
      else reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(`The worker failed: ${event.message}`));
    worker.postMessage(models);
  });
}
