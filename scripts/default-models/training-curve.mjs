import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Steps between points of the training's loss. */
const EVERY = 50;

/**
 * The losses of a training: [step, loss] every 50 steps, and of each evaluation; and the seconds of its steps. They are kept in a
 * file, so that a training that goes on has those of before.
 * @typedef {{ training: [number, number][], validation: [number, number][], seconds: number }} Curve
 */
export class TrainingCurve {
  /** @type {string} */
  #path;
  /** @type {Curve} */
  #curve;

  /** @param {string} path @param {number} step from which the training goes on; later points are of an attempt that is lost */
  constructor(path, step) {
    this.#path = path;
    const empty = { training: [], validation: [], seconds: 0 };
    const curve = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : empty;
    const before = (/** @type {[number, number][]} */ points) => points.filter(([at]) => at <= step);
    this.#curve = { ...curve, training: before(curve.training), validation: before(curve.validation) };
  }

  /** @returns {Curve} */
  get points() {
    return this.#curve;
  }

  /** @param {import('kvasir').TrainingEvent} event */
  add(event) {
    if (event.kind === 'step') this.#curve.seconds += event.numTokens / event.tokensPerSecond;
    const isPoint = event.kind === 'evaluation' || (event.kind === 'step' && event.step % EVERY === 0);
    if (!isPoint) return;
    const points = event.kind === 'evaluation' ? this.#curve.validation : this.#curve.training;
    points.push([event.step, Number(event.loss.toFixed(4))]);
    writeFileSync(this.#path, JSON.stringify(this.#curve));
  }
}
