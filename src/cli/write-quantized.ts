import { platform } from '#platform';
import { type BackendOptions, createBackend } from '../create-backend.ts';
import { describeLanguageModel, expectCausal, isEncoderDecoder, loadLanguageModel } from '../models/language-model.ts';
import { quantizeModel } from '../quantization/quantize-model.ts';
import type { QuantizationMethod, QuantizeOptions } from '../quantization/quantize-options.ts';
import { saveQuantizedModel } from '../quantization/save-quantized-model.ts';
import { writeQuantizedGguf } from '../quantization/write-quantized-gguf.ts';
import {
  QUANTIZATION_NAMES,
  QUANTIZATIONS,
  type QuantizationName,
  type QuantizationScheme,
} from '../quantized/quantization-scheme.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { documentsOfFile } from './documents-of-file.ts';
import { UsageError } from './exit-codes.ts';
import { formatCount } from './format.ts';
import { LoadProgressBar } from './load-progress.ts';
import { ProgressBar } from './progress-bar.ts';
import type { Terminal } from './terminal.ts';
import { writeWhole } from './write-whole.ts';

export interface QuantizeFlags extends Pick<BackendOptions, 'device' | 'threads'> {
  readonly scheme?: QuantizationName;
  readonly method?: QuantizationMethod | 'rtn';
  readonly calibration?: readonly string[];
  readonly separator?: string;
  readonly calibrationTokens?: number;
  readonly override?: Readonly<Record<string, unknown>>;
  readonly damping?: number;
  readonly activationOrder: boolean;
  readonly revision?: string;
  readonly output?: string;
  readonly json?: boolean;
}

/** What was written. */
export interface QuantizeReport {
  readonly method: QuantizationMethod;
  readonly calibrationTokens: number;
  readonly numMatrices: number;
  /** Of the weights in the file. */
  readonly byteLength: number;
}

const CALIBRATION_TOKENS = 16384;

/** Quantises the model of a folder and writes the whole output or nothing. */
export async function writeQuantized(
  terminal: Terminal,
  folder: string,
  flags: QuantizeFlags & { readonly scheme: QuantizationName; readonly output: string },
  signal: AbortSignal,
): Promise<QuantizeReport> {
  const { device, threads, output, json: isQuiet = false, damping, activationOrder } = flags;
  const method = methodOf(flags);
  const overrides = overridesOf(flags);
  if (isEncoderDecoder(await describeLanguageModel(folder))) expectForEncoder(method, output);
  const calibration = await calibrationOf(folder, flags, signal);
  const backend = await createBackend({ device, threads });
  const loading = new LoadProgressBar(terminal, { isQuiet });
  const bar = new ProgressBar(terminal, { isQuiet });
  try {
    const onLoad = loading.update.bind(loading);
    const model = await loadLanguageModel(backend, folder, { dtype: 'float32', signal, onProgress: onLoad });
    loading.stop();
    const onProgress: QuantizeOptions['onProgress'] = ({ loaded, total, file }) =>
      bar.update({ action: 'Quantising', loaded, total, amount: `${formatCount(loaded)} weights`, detail: file });
    const options = { calibration, overrides, damping, activationOrder, signal, onProgress };
    const matrices = await quantizeModel(model, { scheme: schemeOf(flags.scheme), method, ...options });
    const isGguf = isGgufName(output);
    await writeWhole(output, signal, (partial) =>
      isGguf
        ? writeQuantizedGguf(expectCausal(model, 'write GGUF'), matrices, partial, {
            dtype: 'q8_0',
            baseFolder: folder,
            signal,
          })
        : saveQuantizedModel(model, matrices, partial, { baseFolder: folder }),
    );
    const file = isGguf ? output : platform.join(output, 'model.safetensors');
    const byteLength = (await platform.fileStatus(file))?.size ?? 0;
    const calibrationTokens = calibration?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    return { method, calibrationTokens, numMatrices: matrices.size, byteLength };
  } finally {
    loading.stop();
    bar.stop();
    await backend.dispose();
  }
}

function methodOf({ method, calibration }: QuantizeFlags): QuantizationMethod {
  const chosen = method === 'rtn' ? 'nearest' : (method ?? (calibration === undefined ? 'search' : 'gptq'));
  const isCalibrated = chosen === 'gptq' || chosen === 'awq';
  if (isCalibrated && calibration === undefined)
    throw new UsageError(`Cannot quantise: --method ${chosen} needs texts; name a file with --calibration`);
  if (!isCalibrated && calibration !== undefined)
    throw new UsageError(`Cannot quantise: --method ${chosen} takes no --calibration`);
  return chosen;
}

function isGgufName(output: string): boolean {
  return /\.gguf$/i.test(output);
}

/** Throws a `UsageError` for what is there for decoder-only models alone. */
function expectForEncoder(method: QuantizationMethod, output: string): void {
  const refuse = (problem: string) => {
    throw new UsageError(`Cannot quantise: the model has an encoder, and ${problem}`);
  };
  if (method === 'gptq' || method === 'awq')
    refuse(`--method ${method} is of decoder-only models; wanted nearest or search`);
  if (isGgufName(output)) refuse(`${output} would be GGUF, which is of decoder-only models; wanted a folder`);
}

/** Scales that both layouts have. */
function schemeOf(name: QuantizationName): QuantizationScheme {
  return { ...QUANTIZATIONS[name], scaleDType: 'float16' };
}

function overridesOf({ override = {} }: QuantizeFlags): Readonly<Record<string, QuantizationScheme | 'keep'>> {
  const known = ['keep', ...QUANTIZATION_NAMES];
  const read = ([pattern, value]: readonly [string, unknown]) => {
    if (!known.includes(String(value)))
      throw new UsageError(`Cannot quantise: --override has ${pattern}=${String(value)}, known: ${known.join(', ')}`);
    return [pattern, value === 'keep' ? value : schemeOf(value as QuantizationName)] as const;
  };
  return Object.fromEntries(Object.entries(override).map(read));
}

async function calibrationOf(
  folder: string,
  { calibration: paths, separator, calibrationTokens: maxTokens = CALIBRATION_TOKENS }: QuantizeFlags,
  signal: AbortSignal,
): Promise<readonly (readonly number[])[] | undefined> {
  if (paths === undefined) return undefined;
  const tokenizer = await loadTokenizer(folder, { signal });
  if (tokenizer === undefined) throw new Error("Cannot quantise: the model's folder has no tokenizer.json");
  const sequences: (readonly number[])[] = [];
  for (const path of paths)
    for (const { tokenIds } of await documentsOfFile(path, tokenizer, { separator, maxTokens, signal }))
      sequences.push(tokenIds);
  return sequences;
}
