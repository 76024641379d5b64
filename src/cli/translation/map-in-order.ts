/** Texts that are on their way at once: enough to fill the engine, and few where there are very many. */
const MOST_AT_ONCE = 256;

/** What `map` makes of each, in their order, many at once. Throws the first error; `map` is not asked for more then. */
export async function* mapInOrder<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
  mostAtOnce = MOST_AT_ONCE,
): AsyncGenerator<Result, void, void> {
  const running: Promise<Result>[] = [];
  for (const item of items) {
    if (running.length === mostAtOnce) yield await running.shift()!;
    const result = map(item);
    // It is thrown when its turn comes.
    result.catch(() => {});
    running.push(result);
  }
  for (const result of running) yield await result;
}
