import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from '#platform';
import { latestCheckpoint } from '../../training/checkpoint-folder.ts';
import { inFolder, readRunKeys } from './read-run-file.ts';
import type { GivenSettings, RunCommand } from './run-settings.ts';

/** What a run writes beside its checkpoints, `step-00000100` and so on. */
const OWN = /^(run\.json|metrics\.jsonl|report\.html|tokenizer|data|step-\d{8,}(\.partial|\.replaced)?)$/;

/** The folder that a run writes to. */
export class RunFolder {
  readonly path: string;
  readonly #isNew: boolean;
  #isKept: boolean;

  private constructor(path: string, { isNew, isKept }: { readonly isNew: boolean; readonly isKept: boolean }) {
    this.path = path;
    this.#isNew = isNew;
    this.#isKept = isKept;
  }

  /**
   * A folder for a new run: one that is not there, or empty; with `mayReplace` one with an earlier run too, all of which is
   * removed. Throws an `Error` for any other.
   */
  static async begin(path: string, { mayReplace }: { readonly mayReplace: boolean }): Promise<RunFolder> {
    if (await platform.isFile(path)) throw new Error(`Cannot write to ${path}: it is a file, wanted a folder`);
    const isThere = await platform.isDirectory(path);
    const names = isThere ? await readdir(path) : [];
    const foreign = names.find((name) => !OWN.test(name));
    if (names.length > 0 && !mayReplace)
      throw new Error(
        `Cannot write to ${path}: it is not empty${foreign === undefined ? '; --resume goes on with the run in it, --force replaces it' : ''}`,
      );
    if (foreign !== undefined)
      throw new Error(`Cannot write to ${path}: it has ${foreign}, which is no part of a run; take another folder`);
    for (const name of names) await rm(join(path, name), { recursive: true, force: true });
    await mkdir(path, { recursive: true });
    return new RunFolder(path, { isNew: !isThere, isKept: false });
  }

  /** The folder of a run that goes on. Throws an `Error` unless it has a checkpoint. */
  static async resume(path: string): Promise<RunFolder> {
    const folder = new RunFolder(path, { isNew: false, isKept: true });
    await folder.lastCheckpoint();
    return folder;
  }

  get tokenizer(): string {
    return join(this.path, 'tokenizer');
  }

  get data(): string {
    return join(this.path, 'data');
  }

  get metrics(): string {
    return join(this.path, 'metrics.jsonl');
  }

  get report(): string {
    return join(this.path, 'report.html');
  }

  /** From here on what is in the folder is worth something, whatever happens. */
  keep(): void {
    this.#isKept = true;
  }

  /** Leaves no trace of a run that never began. */
  async discardUnlessKept(): Promise<void> {
    if (this.#isKept) return;
    for (const name of await readdir(this.path)) await rm(join(this.path, name), { recursive: true, force: true });
    if (this.#isNew) await rm(this.path, { recursive: true, force: true });
  }

  async lastCheckpoint(): Promise<string> {
    const latest = await latestCheckpoint(this.path);
    if (latest !== undefined) return latest;
    throw new Error(`Cannot resume from ${this.path}: it has no checkpoint`);
  }

  /** Writes the settings down for `--resume`, with whole paths. */
  async saveSettings(command: RunCommand, settings: GivenSettings): Promise<void> {
    const whole = inFolder(process.cwd(), { ...settings, output: undefined });
    const text = `${JSON.stringify({ command, settings: whole }, undefined, 2)}\n`;
    await platform.writeFileAtomically(join(this.path, 'run.json'), (file) =>
      file.append(new TextEncoder().encode(text)),
    );
  }

  /** The settings that the run was begun with. Throws an `Error` if they cannot be read, or are of the other command. */
  async savedSettings(command: RunCommand): Promise<GivenSettings> {
    const location = join(this.path, 'run.json');
    const text = await platform.readText(location);
    if (text === undefined) throw new Error(`Cannot resume from ${this.path}: it has no run.json`);
    const run = parseRun(location, text);
    if (run.command !== command)
      throw new Error(
        `Cannot resume from ${this.path}: it is a run of kvasir ${run.command}, not of kvasir ${command}`,
      );
    return readRunKeys(run.settings, command, location).settings;
  }
}

function parseRun(location: string, text: string): { readonly command: unknown; readonly settings: unknown } {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${location}: not valid JSON (${(cause as Error).message})`, { cause });
  }
}
