import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { processIo } from './io.ts';

let now = 0;
let before: NodeJS.SignalsListener[];
beforeEach(() => {
  before = process.listeners('SIGINT') as NodeJS.SignalsListener[];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  for (const listener of process.listeners('SIGINT') as NodeJS.SignalsListener[])
    if (!before.includes(listener)) process.off('SIGINT', listener);
  vi.restoreAllMocks();
});

/** The signal at a given time, to our listener only. */
function signalAt(time: number): void {
  now = time;
  const listeners = process.listeners('SIGINT') as NodeJS.SignalsListener[];
  for (const listener of listeners) if (!before.includes(listener)) listener('SIGINT');
}

test('Ctrl-C calls the listeners; without one it ends the process', () => {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const listener = vi.fn();
  const stopListening = processIo().onInterrupt(listener);
  signalAt(1000);
  signalAt(2000);
  expect(listener).toHaveBeenCalledTimes(2);
  expect(exit).not.toHaveBeenCalled();
  stopListening();
  signalAt(3000);
  expect(listener).toHaveBeenCalledTimes(2);
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
});

test('a signal that npm hands on is the key press that the terminal has sent already', () => {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const listener = vi.fn();
  const stopListening = processIo().onInterrupt(() => {
    listener();
    stopListening();
  });
  signalAt(1000);
  signalAt(1005);
  expect(listener).toHaveBeenCalledOnce();
  expect(exit).not.toHaveBeenCalled();
});
