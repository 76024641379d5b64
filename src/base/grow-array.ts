/** The array itself if it has room for `length` elements, else a copy of it, with zeros behind, of twice its length or more. */
export function growArray<Numbers extends Int32Array | Float64Array>(array: Numbers, length: number): Numbers {
  if (length <= array.length) return array;
  const grown = new (array.constructor as new (length: number) => Numbers)(Math.max(length, 2 * array.length));
  grown.set(array);
  return grown;
}
