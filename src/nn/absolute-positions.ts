import type { Backend } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Embedding } from './embedding.ts';

/** Gives each position a vector that is added to the token's. */
export interface AbsolutePositions {
  /** The vectors (T, C) of positions, from 0. */
  forward(backend: Backend, positions: Int32Array): Tensor;
}

/** A table of positions, of which position p has row p + `offset`. */
export class LearnedPositions implements AbsolutePositions {
  readonly table: Embedding;
  readonly offset: number;

  constructor(table: Embedding, offset: number) {
    this.table = table;
    this.offset = offset;
  }

  forward(backend: Backend, positions: Int32Array): Tensor {
    return this.table.forward(
      Tensor.from(
        backend,
        positions.map((position) => position + this.offset),
      ),
    );
  }
}

/**
 * Sines in the first half of the channels and cosines in the second, of (p + `offset`) · 10000^(−i / `period`) for channel i
 * of each half: the positions of Vaswani et al. 2017, section 3.5, with the channels in another order.
 */
export class SinusoidalPositions implements AbsolutePositions {
  readonly channels: number;
  readonly offset: number;
  readonly period: number;
  readonly #rows: (Float32Array | undefined)[] = [];

  constructor(channels: number, offset: number, period: number) {
    this.channels = channels;
    this.offset = offset;
    this.period = period;
  }

  forward(backend: Backend, positions: Int32Array): Tensor {
    const values = new Float32Array(positions.length * this.channels);
    for (const [i, position] of positions.entries()) values.set(this.#row(position), i * this.channels);
    return Tensor.from(backend, values, [positions.length, this.channels]);
  }

  /** Kept: every sequence asks for the same. */
  #row(position: number): Float32Array {
    const row = this.#rows[position] ?? this.#compute(position + this.offset);
    this.#rows[position] = row;
    return row;
  }

  #compute(place: number): Float32Array {
    const half = this.channels / 2;
    return Float32Array.from({ length: this.channels }, (_, channel) => {
      const angle = place * 10000 ** (-(channel % half) / this.period);
      return channel < half ? Math.sin(angle) : Math.cos(angle);
    });
  }
}
