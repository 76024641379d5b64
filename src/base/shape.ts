/** Sizes of each dimension, outermost first. */
export type Shape = readonly number[];

/** Elements of a tensor of this shape. */
export function numElements(shape: Shape): number {
  let product = 1;
  for (let i = 0; i < shape.length; i++) product *= shape[i]!; // many times a step: no closure
  return product;
}

export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** `(2, 3)`, as error messages show it. */
export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')})`;
}
