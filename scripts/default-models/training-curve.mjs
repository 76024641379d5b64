import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Steps between points of the training's loss. */
const EVERY = 50;

/**
 * The losses of a training: [step, loss] every 50 steps, and of each evaluation. They are kept in a file, so that a training
 * that goes on has those of before.
 * @typedef {{ training: [number, number][], validation: [number, number][] }} Curve
 */
export class TrainingCurve {
  /** @type {string} */
  #path;
  /** @type {Curve} */
  #curve;

  /** @param {string} path @param {number} step from which the training goes on; later points are of an attempt that is lost */
  constructor(path, step) {
    this.#path = path;
    const curve = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { training: [], validation: [] };
    const before = (/** @type {[number, number][]} */ points) => points.filter(([at]) => at <= step);
    this.#curve = { training: before(curve.training), validation: before(curve.validation) };
  }

  /** @returns {Curve} */
  get points() {
    return this.#curve;
  }

  /** @param {import('kvasir').TrainingEvent} event */
  add(event) {
    const isPoint = event.kind === 'evaluation' || (event.kind === 'step' && event.step % EVERY === 0);
    if (!isPoint) return;
    const points = event.kind === 'evaluation' ? this.#curve.validation : this.#curve.training;
    points.push([event.step, Number(event.loss.toFixed(4))]);
    writeFileSync(this.#path, JSON.stringify(this.#curve));
  }
}
