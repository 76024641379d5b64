/** Whether a system call failed because there is nothing of that name. */
export function isMissing(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** What a failed system call has to say. */
export function describe(cause: unknown): string {
  if (isMissing(cause)) return 'there is no such file';
  return cause instanceof Error ? cause.message : String(cause);
}
