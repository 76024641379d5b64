/** How far the distribution Q of one model is from the distribution P of another. */
export interface LogitComparison {
  /** KL(P ‖ Q) = Σ P · (ln P − ln Q) in nats; 0 where both are the same. */
  readonly klDivergence: number;
  /** Whether both have the same likeliest token (of equal ones, the first). */
  readonly isTopSame: boolean;
}

/** Compares two rows of logits (V), in float64. */
export function compareLogits(p: Float32Array, q: Float32Array): LogitComparison {
  const topP = argmax(p);
  const topQ = argmax(q);
  const [highestP, highestQ] = [p[topP]!, q[topQ]!];
  let sumP = 0;
  let sumQ = 0;
  let weighted = 0;
  for (let id = 0; id < p.length; id++) {
    const [x, y] = [p[id]! - highestP, q[id]! - highestQ];
    const weight = Math.exp(x);
    sumP += weight;
    sumQ += Math.exp(y);
    if (weight > 0) weighted += weight * (x - y);
  }
  // Rounding may take an exact 0 below it.
  const klDivergence = Math.max(0, weighted / sumP - Math.log(sumP) + Math.log(sumQ));
  return { klDivergence, isTopSame: topP === topQ };
}

function argmax(row: Float32Array): number {
  let best = 0;
  for (let id = 1; id < row.length; id++) if (row[id]! > row[best]!) best = id;
  return best;
}
