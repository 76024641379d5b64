// How a matrix of K inputs and N outputs is multiplied in ONNX with weights of a type: the tensors that hold it, and the nodes.

// Types of onnx.proto3.
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const BLOCK = 32;

/**
 * By the name of the type: `tensors` are those of a matrix (K, N), each with its type, shape and data; `nodes` turn the value `input`
 * into `output`, each a type with inputs, outputs, and where needed a domain and integer attributes.
 */
export const ONNX_WEIGHTS = {
  F32: {
    tensors: (name, { values, inputs, outputs }) => [{ name, type: FLOAT, shape: [inputs, outputs], data: values }],
    nodes: ({ name, input, output }) => [{ type: 'MatMul', inputs: [input, name], outputs: [output] }],
  },
  /** As `quantize_dynamic` of onnxruntime leaves it: a scale a matrix, inputs quantised as they come. */
  INT8: {
    tensors: (name, { values, inputs, outputs }) => {
      const { codes, scale } = quantize8(values);
      return [
        { name, type: INT8, shape: [inputs, outputs], data: codes },
        { name: `${name}.scale`, type: FLOAT, shape: [], data: Float32Array.of(scale) },
        { name: `${name}.zero`, type: INT8, shape: [], data: new Int8Array(1) },
      ];
    },
    nodes: ({ name, input, output }) => {
      const quantized = ['codes', 'inputScale', 'inputZero'].map((part) => `${output}.${part}`);
      const [codes, scale, zero] = quantized;
      const product = `${output}.product`;
      return [
        { type: 'DynamicQuantizeLinear', inputs: [input], outputs: quantized },
        { type: 'MatMulInteger', inputs: [codes, name, zero, `${name}.zero`], outputs: [product] },
        { type: 'Cast', inputs: [product], outputs: [`${product}.float`], attributes: { to: FLOAT } },
        { type: 'Mul', inputs: [scale, `${name}.scale`], outputs: [`${product}.scale`] },
        { type: 'Mul', inputs: [`${product}.float`, `${product}.scale`], outputs: [output] },
      ];
    },
  },
  /** `MatMulNBits` of 4 bits, groups of 32, inputs of 8 bits (accuracy level 4, its fastest). */
  INT4: {
    tensors: (name, matrix) => {
      const { outputs, inputs } = matrix;
      const { codes, scales } = quantize4(matrix);
      return [
        { name, type: UINT8, shape: [outputs, inputs / BLOCK, BLOCK / 2], data: codes },
        { name: `${name}.scales`, type: FLOAT, shape: [scales.length], data: scales },
      ];
    },
    nodes: ({ name, shape: [inputs, outputs], input, output }) => [
      {
        type: 'MatMulNBits',
        domain: 'com.microsoft',
        inputs: [input, name, `${name}.scales`],
        outputs: [output],
        attributes: { K: inputs, N: outputs, bits: 4, block_size: BLOCK, accuracy_level: 4 },
      },
    ],
  },
};

function quantize8(values) {
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
  const codes = new Int8Array(values.length);
  for (let i = 0; i < codes.length; i++) codes[i] = Math.round(values[i] / scale);
  return { codes, scale };
}

/** Codes (N, K/32, 16), the even column of two in the low half of a byte, and scales (N · K/32); code 8 is 0. */
function quantize4({ values, inputs, outputs }) {
  const codes = new Uint8Array((inputs * outputs) / 2);
  const scales = new Float32Array((inputs * outputs) / BLOCK);
  for (let group = 0; group < scales.length; group++) {
    const output = Math.floor(group / (inputs / BLOCK));
    const first = (group % (inputs / BLOCK)) * BLOCK;
    const weight = (k) => values[(first + k) * outputs + output];
    let largest = 0;
    for (let k = 0; k < BLOCK; k++) if (Math.abs(weight(k)) > Math.abs(largest)) largest = weight(k);
    const scale = largest / -8;
    const code = (k) => (scale === 0 ? 8 : Math.min(15, Math.round(weight(k) / scale) + 8));
    scales[group] = scale;
    for (let k = 0; k < BLOCK; k += 2) codes[(group * BLOCK + k) / 2] = code(k) | (code(k + 1) << 4);
  }
  return { codes, scales };
}
