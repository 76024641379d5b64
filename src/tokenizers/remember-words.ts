const MAX_REMEMBERED = 10_000;
/** Longer words rarely repeat. */
const MAX_REMEMBERED_LENGTH = 64;

/** `cut`, which keeps what it has made of short words, since they repeat. */
export function rememberWords<Result>(cut: (word: string) => Result): (word: string) => Result {
  const known = new Map<string, Result>();
  return (word) => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const result = cut(word);
    if (word.length > MAX_REMEMBERED_LENGTH) return result;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(word, result);
    return result;
  };
}
