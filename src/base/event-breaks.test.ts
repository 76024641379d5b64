import { expect, test, vi } from 'vitest';
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

test('EventBreaks does not wait where the work waits for events anyway', async () => {
  vi.useFakeTimers();
  try {
    const breaks = new EventBreaks();
    await vi.advanceTimersByTimeAsync(30);
    await breaks.take();
    await vi.advanceTimersByTimeAsync(24);
    await breaks.take(); // would never return: no time passes
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
