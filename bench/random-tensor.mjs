/** Elements that are made at once; a multiple of two. */
const CHUNK = 1 << 20;
const TABLE_SIZE = 1 << 16;

/**
 * The values of one tensor, in chunks, as `dtype` (`F32`, `BF16` or `F16`). Each tensor has a stream of its own, named by
 * seed and tensor name, so its values do not depend on what else is written or in which format: the BF16 tensor is the
 * F32 tensor rounded.
 */
export function* randomTensor(spec, dtype, seed) {
  const length = spec.shape.reduce((product, size) => product * size, 1);
  const constant = spec.kind === 'ones' ? 1 : 0;
  const table = toDType(spec.kind === 'normal' ? normalTable(spec.std) : Float32Array.of(constant), dtype);
  const chunk = new table.constructor(Math.min(length, CHUNK));
  let state = hash(`${seed} ${spec.name}`);
  for (let start = 0; start < length; start += CHUNK) {
    const part = chunk.subarray(0, Math.min(CHUNK, length - start));
    if (spec.kind === 'normal') state = fillFromTable(part, table, state);
    else part.fill(table[0]);
    yield part;
  }
}

/** The whole tensor as float32. */
export function randomTensorFloat32(spec, seed) {
  const values = new Float32Array(spec.shape.reduce((product, size) => product * size, 1));
  let end = 0;
  for (const chunk of randomTensor(spec, 'F32', seed)) {
    values.set(chunk, end);
    end += chunk.length;
  }
  return values;
}

/** Two table entries from each step of xorshift32 (Marsaglia 2003). */
function fillFromTable(target, table, state) {
  let x = state;
  for (let i = 0; i < target.length; i += 2) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    target[i] = table[x & 0xffff];
    target[i + 1] = table[x >>> 16];
  }
  return x;
}

const normalTables = new Map();

/** A normal distribution as 65,536 equally likely values: the quantiles at (i + ½) / 65536. */
function normalTable(std) {
  let table = normalTables.get(std);
  if (table === undefined) {
    table = Float32Array.from({ length: TABLE_SIZE }, (_, i) => std * normalQuantile((i + 0.5) / TABLE_SIZE));
    normalTables.set(std, table);
  }
  return table;
}

/** Inverse of the normal distribution function by bisection of the series of erf: slow, and used once per table entry. */
function normalQuantile(probability) {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/15 + …) (Marsaglia 2004). */
function normalDistribution(x) {
  let [sum, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

function toDType(values, dtype) {
  switch (dtype) {
    case 'F32':
      return values;
    case 'BF16':
      return Uint16Array.from(values, toBfloat16);
    case 'F16':
      return Uint16Array.from(values, toFloat16);
    default:
      throw new TypeError(`Cannot make a random tensor: got dtype ${dtype}, wanted F32, BF16 or F16`);
  }
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Bits of the nearest bfloat16 of a finite number, ties to even. */
export function toBfloat16(value) {
  float[0] = value;
  return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
}

/** Bits of the nearest binary16 of a finite number below 65504, ties to even. */
export function toFloat16(value) {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude < 0x38800000) return sign | roundHalfToEven(Math.abs(float[0]) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundHalfToEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** FNV-1a, never zero (xorshift would stay there). */
function hash(text) {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ character.codePointAt(0), 0x01000193);
  return state === 0 ? 1 : state;
}
