const float32 = new Float32Array(1);
const bits32 = new Uint32Array(float32.buffer);

/** The float32 value of bfloat16 bits. */
export function bfloat16ToNumber(bits: number): number {
  bits32[0] = bits << 16;
  return float32[0]!;
}

/** The bits of the bfloat16 nearest to `value`, ties to even; NaN stays NaN. */
export function numberToBfloat16(value: number): number {
  float32[0] = value;
  const bits = bits32[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The float32 value of IEEE binary16 bits, subnormals included. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000;
  const magnitude = bits & 0x7fff;
  if (magnitude < 0x400) return (sign === 0 ? 1 : -1) * magnitude * 2 ** -24;
  bits32[0] = (sign << 16) | ((magnitude << 13) + (magnitude < 0x7c00 ? 0x38000000 : 0x70000000));
  return float32[0]!;
}

/** The bits of the binary16 nearest to `value`, ties to even; beyond 65504 it overflows to infinity. */
export function numberToFloat16(value: number): number {
  float32[0] = value;
  const bits = bits32[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundHalfToEven(Math.abs(float32[0]!) * 2 ** 24);
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The nearest whole number, the even one of two. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)) return floor + 1;
  return floor;
}
