import { CausalLM, createBackend, LLM } from 'kvasir';
import { conformanceCases } from 'kvasir/testing';

export interface EngineReport {
  readonly isIsolated: boolean;
  readonly threads: number;
  readonly numConformanceCases: number;
  /** Names and messages of conformance cases that failed. */
  readonly failures: readonly string[];
  /** Per model: greedy tokens, and a digest of the bits of the logits. */
  readonly models: Readonly<Record<string, ModelReport>>;
}

export interface ModelReport {
  readonly tokenIds: readonly number[];
  readonly logitBits: string;
}

const MODELS = ['gpt2', 'llama-gqa', 'qwen2', 'llama-sharded'];

/** Runs the conformance suite and some models on the default backend; `models` is where the model folders are. */
export async function checkEngine(models: string): Promise<EngineReport> {
  const backend = await createBackend(globalThis.crossOriginIsolated ? { threads: 2 } : {});
  const reference = await createBackend({ device: 'reference' });
  const failures: string[] = [];
  for (const { name, run } of conformanceCases)
    await run(backend, reference).catch((error: Error) => failures.push(`${name}: ${error.message}`));
  const threads = backend.numThreads;
  await backend.dispose();
  await reference.dispose();
  const reports: Record<string, ModelReport> = {};
  for (const name of MODELS) reports[name] = await checkModel(`${models}/${name}`);
  return {
    isIsolated: globalThis.crossOriginIsolated === true,
    threads,
    numConformanceCases: conformanceCases.length,
    failures,
    models: reports,
  };
}

/** The same numbers wherever it runs: the driver compares with its own. */
export async function checkModel(location: string): Promise<ModelReport> {
  const llm = await LLM.load(location, { threads: globalThis.crossOriginIsolated === false ? 1 : 2 });
  const promptIds = Array.from({ length: 24 }, (_, i) => (7 * i + 3) % llm.config.vocabSize);
  const { tokenIds } = await llm.generate(promptIds, { maxNewTokens: 16, doSample: false, ignoreEos: true });
  if (!(llm.model instanceof CausalLM)) throw new TypeError('Cannot check the model: it has an encoder');
  const { logits, pastKeyValues } = await llm.model.forward({ inputIds: promptIds, maxLength: 32 });
  pastKeyValues.dispose();
  await llm.dispose();
  return { tokenIds, logitBits: digest(logits.data) };
}

/** FNV-1a over the bits of the numbers. */
function digest(values: Float32Array): string {
  let hash = 0x811c9dc5;
  for (const bits of new Uint32Array(values.buffer, values.byteOffset, values.length))
    hash = Math.imul(hash ^ bits, 0x01000193) >>> 0;
  return hash.toString(16);
}
