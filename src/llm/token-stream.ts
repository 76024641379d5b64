/**
 * Carries values from one that calls `push` to one that iterates, in order and without loss. Ends when `source` resolves,
 * with its value; throws what it rejects with, after the values that came before.
 */
export async function* streamFrom<Value, Result>(
  source: (push: (value: Value) => void) => Promise<Result>,
): AsyncGenerator<Value, Result, void> {
  const values: Value[] = [];
  let wake = () => {};
  let isOver = false;
  const push = (value: Value) => {
    values.push(value);
    wake();
  };
  const result = source(push).finally(() => {
    isOver = true;
    wake();
  });
  result.catch(() => {}); // it is thrown below, unless nobody listens any more
  for (;;) {
    // What is pushed while a value is being looked at waits its turn.
    for (let value = values.shift(); value !== undefined; value = values.shift()) yield value;
    if (isOver) return await result;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (isOver || values.length > 0) resolve();
    });
  }
}
