import { findForeignToken } from '../../base/find-foreign-token.ts';
import type { Draft } from '../../decoding/draft.ts';
import type { Job } from '../job.ts';
import type { Sequence } from '../sequence.ts';
import type { Chunk } from '../step-plan.ts';
import { AcceptanceRate } from './acceptance-rate.ts';
import { DraftCosts } from './draft-costs.ts';
import { DraftLength } from './draft-length.ts';
import type { DraftModel } from './draft-model.ts';
import type { DraftRequest } from './draft-run.ts';
import { SpeculationRecord, type SpeculationReport } from './speculation-report.ts';
import { StepCosts } from './step-costs.ts';

/** What speculation knows of one request. */
interface Speculation {
  readonly length: DraftLength;
  readonly record: SpeculationRecord;
}

/** A sequence that gets a draft. */
interface Turn {
  readonly job: Job;
  readonly sequence: Sequence;
  readonly maxTokens: number;
  /** Its place among the job's sequences. */
  readonly index: number;
}

/**
 * Has tokens guessed for the sequences of an engine that wait for their next one, and learns from what becomes of the
 * guesses how many to make.
 */
export class Drafter {
  readonly #vocabSize: number;
  readonly #model: DraftModel | undefined;
  readonly #targetCosts = new StepCosts();
  readonly #draftCosts = new DraftCosts();
  readonly #noCosts = new DraftCosts();
  /** Of all drafts of the model. */
  readonly #acceptance = new AcceptanceRate();
  readonly #speculations = new WeakMap<Job, Speculation>();
  /** Of the step that is under way. */
  #draftingMs = 0;
  #numSequences = 0;
  #targetMs = 0;

  /** `vocabSize` of the target model. */
  constructor(vocabSize: number, model: DraftModel | undefined) {
    this.#vocabSize = vocabSize;
    this.#model = model;
  }

  get hasModel(): boolean {
    return this.#model !== undefined;
  }

  /** Gives the jobs' sequences their drafts for the next step. A proposer that throws fails its job, through `onError`. */
  async draft(jobs: readonly Job[], onError: OnError): Promise<void> {
    const start = performance.now();
    const generating = jobs.filter((job) => job.isGenerating);
    this.#numSequences = generating.reduce((sum, job) => sum + job.sequences.length, 0);
    const turns = generating.flatMap((job) => this.#turns(job));
    for (const turn of turns)
      if (turn.job.request.drafting?.proposer !== undefined) await propose(turn, this.#vocabSize, onError);
    // Of what has ended meanwhile the draft model must not hear again: it would keep it for ever.
    const own = turns.filter(({ job }) => job.request.drafting?.proposer === undefined && !job.hasEnded);
    try {
      await this.#proposeWithModel(own);
    } catch (error) {
      for (const job of new Set(own.map((turn) => turn.job))) onError(job, error);
    }
    this.#draftingMs = turns.length === 0 ? 0 : performance.now() - start;
  }

  /** Takes the milliseconds of a step of the target model. A step with prompts says nothing of the cost of a draft. */
  stepDone(chunks: readonly Chunk[], ms: number): void {
    this.#targetMs = ms;
    if (chunks.some(({ numRows, numTokens }) => numRows !== numTokens)) return;
    this.#targetCosts.record(
      chunks.reduce((sum, { numTokens }) => sum + numTokens, 0),
      ms,
    );
  }

  /** Takes what became of a sequence's draft: the tokens that it got. */
  searched(job: Job, draft: Draft | undefined, tokenIds: readonly number[]): void {
    const speculation = this.#speculations.get(job);
    if (speculation === undefined) return;
    const drafted = draft?.tokenIds ?? [];
    const different = drafted.findIndex((tokenId, i) => tokenId !== tokenIds[i]);
    const numAccepted = Math.min(tokenIds.length, different < 0 ? drafted.length : different);
    const numDrafted = drafted.length;
    speculation.length.record({ numDrafted, numAccepted });
    const isOwn = job.request.drafting?.proposer === undefined;
    if (isOwn && numDrafted > 0) this.#acceptance.record({ numDrafted, numAccepted });
    const plain = this.#targetCosts.estimate(this.#numSequences);
    speculation.record.add({
      numDrafted,
      numAccepted,
      numAppended: tokenIds.length,
      times: plain === undefined ? undefined : { drafting: this.#draftingMs, target: this.#targetMs, plain },
    });
  }

  /** What speculation did for a job; undefined if it asked for none. */
  report(job: Job): SpeculationReport | undefined {
    return this.#speculations.get(job)?.record.report();
  }

  /** Forgets sequences that are over. */
  release(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) this.#model?.release(sequence);
  }

  #turns(job: Job): readonly Turn[] {
    const { drafting, maxLength, guidance } = job.request;
    // Before the first token there is nothing to go on from; and what follows a draft after the other prompt is not computed.
    if (drafting === undefined || !job.hasTokens || guidance !== undefined) return [];
    const { maxTokens, adaptLength } = drafting;
    const speculation = this.#speculationOf(job);
    const length = adaptLength ? speculation.length.choose(this.#numSequences) : maxTokens;
    return job.sequences.flatMap((sequence, index) => {
      const room = maxLength - sequence.tokens.position - 1;
      const wanted = Math.min(length, room);
      return wanted > 0 && sequence.takesDraft ? [{ job, sequence, maxTokens: wanted, index }] : [];
    });
  }

  #speculationOf(job: Job): Speculation {
    let speculation = this.#speculations.get(job);
    if (speculation === undefined) {
      const { maxTokens, proposer } = job.request.drafting!;
      const isOwn = proposer === undefined;
      const length = new DraftLength({
        maxTokens,
        costs: { target: this.#targetCosts, draft: isOwn ? this.#draftCosts : this.#noCosts },
        believedRate: isOwn ? this.#acceptance.value : undefined,
      });
      speculation = { length, record: new SpeculationRecord() };
      this.#speculations.set(job, speculation);
    }
    return speculation;
  }

  async #proposeWithModel(turns: readonly Turn[]): Promise<void> {
    if (turns.length === 0) return;
    const requests = turns.map(({ job, sequence, maxTokens, index }): DraftRequest => {
      const { acceptance, chooserFor } = job.request.drafting!;
      const withDistributions = acceptance === 'rejection';
      return { key: sequence, sequence: sequence.tokens, maxTokens, chooser: chooserFor(index), withDistributions };
    });
    const start = performance.now();
    let isCatchingUp = false;
    const drafts = await this.#model!.propose(requests, ({ numTokens, numSequences }) => {
      isCatchingUp ||= numTokens > 2 * numSequences;
    });
    const numTokens = Math.max(...drafts.map(({ tokenIds }) => tokenIds.length));
    // Where it catches up with a prompt, the time says nothing of what the next draft takes.
    if (!isCatchingUp && numTokens > 0)
      this.#draftCosts.record({ numSequences: turns.length, numTokens, ms: performance.now() - start });
    for (const [i, { job, sequence }] of turns.entries()) give(job, sequence, drafts[i]!);
  }
}

type OnError = (job: Job, error: unknown) => void;

async function propose({ job, sequence, maxTokens }: Turn, vocabSize: number, onError: OnError): Promise<void> {
  try {
    const tokenIds = (await job.request.drafting!.proposer!.propose(sequence.tokens, maxTokens)).slice(0, maxTokens);
    const wrong = findForeignToken(tokenIds, vocabSize);
    if (wrong !== undefined)
      throw new RangeError(`Cannot take a draft: token id ${wrong} in it, wanted 0 to ${vocabSize - 1}`);
    give(job, sequence, { tokenIds });
  } catch (error) {
    onError(job, error);
  }
}

function give(job: Job, sequence: Sequence, draft: Draft): void {
  if (!job.hasEnded && draft.tokenIds.length > 0) sequence.draft = draft;
}
