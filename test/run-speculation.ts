import type { Draft, DraftProposer } from '../src/decoding/draft.ts';
import { TokenSequence } from '../src/decoding/token-sequence.ts';
import { type DraftAcceptance, verifyDraft } from '../src/decoding/verify-draft.ts';
import type { DraftRequest } from '../src/engine/speculative/draft-run.ts';
import type { CachedSequence } from '../src/kv-cache/cached-sequence.ts';
import type { CausalLM } from '../src/models/causal-lm.ts';
import type { SamplerOptions } from '../src/sampling/sampler.ts';

export interface SpeculationInput {
  readonly target: CausalLM;
  /** Without it there are no drafts. */
  readonly propose?: ((requests: readonly DraftRequest[]) => Promise<readonly Draft[]>) | undefined;
  readonly prompts: readonly (readonly number[])[];
  readonly numNewTokens: number;
  readonly numDraftTokens?: number | undefined;
  /** Made anew for each sequence and each model. */
  readonly chooserFor: () => SamplerOptions;
  readonly acceptance?: DraftAcceptance | undefined;
}

/** What `runSpeculation` gives: the new tokens of each prompt, and how they came about. */
export interface SpeculationOutput {
  readonly tokenIds: readonly (readonly number[])[];
  readonly numSteps: number;
  readonly numDrafted: number;
  readonly numAccepted: number;
}

/** Generates from several prompts in one batch, with drafts if there is somebody to propose them. */
export async function runSpeculation(input: SpeculationInput): Promise<SpeculationOutput> {
  const { target, prompts, numNewTokens } = input;
  const longest = Math.max(...prompts.map((prompt) => prompt.length)) + numNewTokens;
  const cache = target.createCache(longest, prompts.length);
  const sequences = prompts.map((promptIds) => ({
    tokens: new TokenSequence(promptIds),
    cached: cache.createSequence(),
    chooser: input.chooserFor(),
    draftChooser: input.chooserFor(),
  }));
  const totals = { numSteps: 0, numDrafted: 0, numAccepted: 0 };
  for (;;) {
    const alive = sequences.filter(({ tokens }) => tokens.generatedIds.length < numNewTokens);
    if (alive.length === 0) break;
    const drafts = await proposeFor(alive, input);
    const entries = alive.map(({ tokens, cached }, i) => ({
      sequence: cached,
      tokenIds: [...tokens.tokenIds.slice(cached.length), ...drafts[i]!.tokenIds],
    }));
    const logits = await target.step(cache, entries, { logits: drafts.map(({ tokenIds }) => tokenIds.length + 1) });
    totals.numSteps += 1;
    let row = 0;
    for (const [i, sequence] of alive.entries()) {
      const { vocabSize } = target.config;
      const numRows = drafts[i]!.tokenIds.length + 1;
      const rows = Array.from({ length: numRows }, (_, j) =>
        logits.subarray((row + j) * vocabSize, (row + j + 1) * vocabSize),
      );
      row += numRows;
      totals.numDrafted += numRows - 1;
      totals.numAccepted += verify(sequence, drafts[i]!, rows, input.acceptance ?? 'exact');
    }
  }
  for (const { cached } of sequences) cached.release();
  cache.dispose();
  return { ...totals, tokenIds: sequences.map(({ tokens }) => tokens.generatedIds) };
}

/** Proposers of single sequences, such as a lookup, in the place of a draft model. */
export function proposeWith(proposer: DraftProposer): NonNullable<SpeculationInput['propose']> {
  return (requests) =>
    Promise.all(
      requests.map(async ({ sequence, maxTokens }) => ({ tokenIds: await proposer.propose(sequence, maxTokens) })),
    );
}

interface DriverSequence {
  readonly tokens: TokenSequence;
  readonly cached: CachedSequence;
  readonly chooser: SamplerOptions;
  readonly draftChooser: SamplerOptions;
}

async function proposeFor(alive: readonly DriverSequence[], input: SpeculationInput): Promise<readonly Draft[]> {
  const { propose, numNewTokens, numDraftTokens = 4, acceptance } = input;
  if (propose === undefined) return alive.map(() => ({ tokenIds: [] }));
  return propose(
    alive.map((sequence) => ({
      key: sequence,
      sequence: sequence.tokens,
      maxTokens: Math.min(numDraftTokens, numNewTokens - sequence.tokens.generatedIds.length - 1),
      chooser: sequence.draftChooser,
      withDistributions: acceptance === 'rejection',
    })),
  );
}

/** Appends what is verified; gives how many drafted tokens were accepted. */
function verify(
  { tokens, cached, chooser }: DriverSequence,
  draft: Draft,
  rows: readonly Float32Array[],
  acceptance: DraftAcceptance,
): number {
  const verified = [...verifyDraft({ sequence: tokens, rows, draft, chooser, acceptance })];
  tokens.append(verified.map(({ tokenId }) => tokenId));
  cached.truncate(tokens.position - 1);
  return verified.filter(({ isAccepted }) => isAccepted).length;
}
