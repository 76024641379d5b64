import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from '#platform';

/** A folder that a command writes its result to, once it has all of it. */
export class OutputFolder {
  readonly #path: string;
  readonly #mayReplace: boolean;

  constructor(path: string, options: { readonly mayReplace: boolean }) {
    this.#path = path;
    this.#mayReplace = options.mayReplace;
  }

  /** Throws an `Error` if the files cannot be written there, or are there and must not be replaced. */
  async expectRoomFor(names: readonly string[]): Promise<void> {
    if (await platform.isFile(this.#path))
      throw new Error(`Cannot write to ${this.#path}: it is a file, wanted a folder`);
    for (const name of names) {
      if (this.#mayReplace || !(await platform.isFile(join(this.#path, name)))) continue;
      throw new Error(`Cannot write ${name} to ${this.#path}: it is there already; --force replaces it`);
    }
  }

  /** Writes texts by name. Each is whole before it gets its name, so that no reader and no accident sees half of one. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    const names = Object.keys(files);
    await mkdir(this.#path, { recursive: true });
    await this.expectRoomFor(names);
    const places = names.map((name) => ({ name, beside: join(this.#path, `${name}.${process.pid}.partial`) }));
    try {
      for (const { name, beside } of places) await writeFile(beside, files[name]!);
      for (const { name, beside } of places) await rename(beside, join(this.#path, name));
    } catch (cause) {
      for (const { beside } of places) await rm(beside, { force: true });
      throw new Error(`Cannot write to ${this.#path}: ${(cause as Error).message}`, { cause });
    }
  }
}
