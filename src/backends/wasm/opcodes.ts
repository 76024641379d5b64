// The first word of a command. Shared by the host, which records commands, and assembly/execute.ts, which runs them.

export const OP_COPY = 1;
export const OP_FILL = 2;
export const OP_ADD = 3;
export const OP_MULTIPLY = 4;
export const OP_SCALE = 5;
export const OP_ACTIVATE = 6;
export const OP_GATE = 7;
export const OP_LINEAR = 8;
export const OP_EMBED = 9;
export const OP_LAYER_NORM = 10;
export const OP_RMS_NORM = 11;
export const OP_ROTATE = 12;
export const OP_SLICE_COLUMNS = 13;
export const OP_GATHER_ROWS = 14;
export const OP_SOFTMAX = 15;
export const OP_LOG_SOFTMAX = 16;
export const OP_TOKEN_LOG_PROBS = 17;
export const OP_ARGMAX = 18;
export const OP_ATTENTION = 19;
export const OP_STORE_KEYS_VALUES = 20;
export const OP_COPY_BLOCKS = 21;
export const OP_PACK_ROWS = 22;
export const OP_PACK_COLUMNS = 23;
export const OP_UNPACK = 24;
export const OP_READ_BLOCKS = 25;

export const OP_QUANTIZE_INPUT = 48;
export const OP_LINEAR_QUANTIZED = 49;
export const OP_PACK_QUANTIZED = 50;
export const OP_DRAW = 51;
export const OP_TOP_K = 62;
export const OP_LOG_SUM_EXP = 63;

// Training.
export const OP_PACK_TRANSPOSED = 26;
export const OP_MULTIPLY_TRANSPOSED = 27;
export const OP_PACK_INPUT = 28;
export const OP_ADD_WEIGHT_GRADIENT = 29;
export const OP_SUM_ROW_BLOCKS = 30;
export const OP_ADD_PARTIALS = 31;
export const OP_SCATTER_ADD_ROWS = 32;
export const OP_PAD_COLUMNS = 33;
export const OP_ACTIVATE_GRADIENT = 34;
export const OP_GATE_GRADIENT = 35;
export const OP_LAYER_NORM_GRADIENT = 36;
export const OP_RMS_NORM_GRADIENT = 37;
export const OP_SOFTMAX_GRADIENT = 38;
export const OP_LOG_SOFTMAX_GRADIENT = 39;
export const OP_ATTENTION_GRADIENT = 40;
export const OP_CROSS_ENTROPY = 41;
export const OP_CROSS_ENTROPY_GRADIENT = 42;
export const OP_DROPOUT = 43;
export const OP_SQUARE_PIECES = 44;
export const OP_SUM_PIECES = 45;
export const OP_ADAMW_STEP = 46;
export const OP_SGD_STEP = 47;
