import type { Tensor } from '../tensor/tensor.ts';

/** One step of an optimizer. */
export interface OptimizerStep {
  readonly learningRate: number;
  /** Factor of every gradient: below 1 where they are clipped. */
  readonly gradientScale: number;
  /** Number of the step, from 1 on. */
  readonly step: number;
}

/** Changes parameters along their gradients. */
export interface Optimizer {
  /** What it keeps of each parameter, by names that say both (`firstMoment.layers.0.mlp.up.weight`): checkpoints hold it. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Records one step for all parameters. */
  step(step: OptimizerStep): void;
  /** Frees the state. */
  release(): void;
}

/** Which optimizer, and its settings. */
export type OptimizerOptions = AdamWOptions | SgdOptions;

/** AdamW (Loshchilov & Hutter 2019). */
export interface AdamWOptions {
  readonly kind: 'adamw';
  /** Decay of the mean of the gradients; 0.9 unless given. */
  readonly beta1?: number | undefined;
  /** Decay of the mean of their squares; 0.95 unless given (Brown et al. 2020). */
  readonly beta2?: number | undefined;
  /** 1e-8 unless given. */
  readonly epsilon?: number | undefined;
  /** Share of the learning rate by which matrices shrink each step, vectors do not; 0.1 unless given. */
  readonly weightDecay?: number | undefined;
}

/** Gradient descent with momentum. */
export interface SgdOptions {
  readonly kind: 'sgd';
  /** 0.9 unless given. */
  readonly momentum?: number | undefined;
  /** Factor of the matrices that is added to their gradients, not of vectors; 0 unless given. */
  readonly weightDecay?: number | undefined;
}

/** Settings with every value present. */
export type AdamWSettings = { readonly [Name in keyof AdamWOptions]-?: NonNullable<AdamWOptions[Name]> };
export type SgdSettings = { readonly [Name in keyof SgdOptions]-?: NonNullable<SgdOptions[Name]> };
export type OptimizerSettings = AdamWSettings | SgdSettings;
