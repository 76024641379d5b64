import { expect, test } from 'vitest';
import { EventBreaks } from './event-breaks.ts';

test('EventBreaks lets a timer fire in a loop that is busy for longer than its interval', async () => {
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 1);
  const breaks = new EventBreaks();
  const start = performance.now();
  while (!fired && performance.now() - start < 2000) await breaks.take();
  expect(fired).toBe(true);
});
