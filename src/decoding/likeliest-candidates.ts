/** A beam continued by one token. */
export interface BeamCandidate {
  /** Index of the beam. */
  readonly beam: number;
  readonly tokenId: number;
  /** That of the beam, plus the token's element of the row. */
  readonly logProb: number;
}

/** What may follow a beam. */
export interface BeamRow {
  /** Log probability of the beam. */
  readonly logProb: number;
  /** Log probabilities of the next token, processed; −∞ is a removed token. */
  readonly row: Float32Array;
  /** The tokens of `row`, ids ascending; the vocabulary unless given. */
  readonly tokenIds?: readonly number[] | undefined;
}

/**
 * The `count` likeliest continuations of all beams, likeliest first; of equals the earlier beam, then the lower token id.
 * Fewer if no more tokens are left. There is no sort of the vocabulary: nearly every token is passed over with one comparison.
 */
export function likeliestCandidates(beams: readonly BeamRow[], count: number): readonly BeamCandidate[] {
  const best: BeamCandidate[] = [];
  let lowest = Number.NEGATIVE_INFINITY;
  for (const [beam, { logProb, row, tokenIds }] of beams.entries()) {
    const { length } = row;
    let tooLow = clearlyBelow(lowest, logProb);
    for (let i = 0; i < length; i++) {
      if (row[i]! < tooLow) continue;
      const sum = logProb + row[i]!;
      if (!(sum > lowest)) continue;
      insert(best, { beam, tokenId: tokenIds === undefined ? i : tokenIds[i]!, logProb: sum });
      if (best.length > count) best.pop();
      if (best.length === count) lowest = best[count - 1]!.logProb;
      tooLow = clearlyBelow(lowest, logProb);
    }
  }
  return best;
}

/** What, added to `logProb`, stays below `lowest` however the sum is rounded. */
function clearlyBelow(lowest: number, logProb: number): number {
  return lowest - logProb - 1e-9 * (Math.abs(lowest) + Math.abs(logProb));
}

/** Puts a candidate in its place, behind those that are as likely. */
function insert(ranked: BeamCandidate[], candidate: BeamCandidate): void {
  let place = ranked.length;
  while (place > 0 && ranked[place - 1]!.logProb < candidate.logProb) place -= 1;
  ranked.splice(place, 0, candidate);
}
