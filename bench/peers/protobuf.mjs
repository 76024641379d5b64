// Protocol Buffers: a field is its number and wire type (0 integer, 2 length and bytes), then the value.

export function integer(field, value) {
  return Buffer.concat([varint(BigInt(field) << 3n), varint(BigInt(value))]);
}

/** A text, or a message of fields. */
export function bytes(field, value) {
  const content = typeof value === 'string' ? Buffer.from(value) : Buffer.concat(value);
  return Buffer.concat([varint((BigInt(field) << 3n) | 2n), varint(BigInt(content.length)), content]);
}

/** Seven bits a byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value) {
  const result = [];
  let rest = BigInt.asUintN(64, value);
  do {
    result.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(result);
}
