/** What the command line needs of the process, so that tests can stand in for it. */
export interface Io {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls `listener` at each Ctrl-C until the function returned is called. With no listener Ctrl-C ends the process. */
  onInterrupt(listener: () => void): () => void;
}

export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean };
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The streams, the environment and the signals of this process. */
export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  return { stdin, stdout, stderr, env, onInterrupt: listenForInterrupts() };
}

/** npm hands the SIGINT on that the terminal has sent to its child already: what comes so soon is the same key press. */
const SAME_PRESS_MS = 200;

function listenForInterrupts(): Io['onInterrupt'] {
  const listeners = new Set<() => void>();
  let lastPress = Number.NEGATIVE_INFINITY;
  process.on('SIGINT', () => {
    const now = performance.now();
    const isSamePress = now - lastPress < SAME_PRESS_MS;
    lastPress = now;
    if (isSamePress) return;
    if (listeners.size === 0) process.exit(130);
    for (const listener of [...listeners]) listener();
  });
  return (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
}
