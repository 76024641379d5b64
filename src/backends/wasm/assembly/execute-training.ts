// The commands of training: the second half of execute.ts.

import {
  OP_ACTIVATE_GRADIENT, OP_ADAMW_STEP, OP_ADD_PARTIALS, OP_ADD_WEIGHT_GRADIENT, OP_ATTENTION_GRADIENT, OP_CROSS_ENTROPY,
  OP_CROSS_ENTROPY_GRADIENT, OP_DROPOUT, OP_GATE_GRADIENT, OP_LAYER_NORM_GRADIENT, OP_LOG_SOFTMAX_GRADIENT,
  OP_MULTIPLY_TRANSPOSED, OP_PACK_INPUT, OP_PACK_TRANSPOSED, OP_PAD_COLUMNS, OP_RMS_NORM_GRADIENT, OP_SCATTER_ADD_ROWS,
  OP_SGD_STEP, OP_SOFTMAX_GRADIENT, OP_SQUARE_PIECES, OP_SUM_PIECES, OP_SUM_ROW_BLOCKS,
} from '../opcodes';
import { activateGradient, gateGradient } from './activation-gradient';
import { at, int, real } from './arguments';
import { attentionGradient } from './attention-gradient';
import { AttentionGradientCommand } from './attention-gradient-command';
import { crossEntropy, crossEntropyGradient } from './cross-entropy';
import { dropout } from './dropout';
import { addWeightGradient, multiplyTransposed, packInput, packTransposed } from './linear-gradient';
import { layerNormGradient, rmsNormGradient } from './norm-gradient';
import { AdamWCommand, adamWStep, SgdCommand, sgdStep } from './optimizers';
import { addPartials, sumRowBlocks } from './row-sums';
import { padColumns, scatterAddRows } from './rows-gradient';
import { logSoftmaxGradient, softmaxGradient } from './softmax-gradient';
import { squarePieces, sumPieces } from './sum-of-squares';

export function runTraining(c: usize, t: i32, n: i32): void {
  switch (int(c, 0)) {
    case OP_PACK_TRANSPOSED: return packTransposed(
      at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), int(c, 6), t, n,
    );
    case OP_MULTIPLY_TRANSPOSED: return multiplyTransposed(
      at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), int(c, 6), int(c, 7), int(c, 8), int(c, 9) != 0, t, n,
    );
    case OP_PACK_INPUT: return packInput(at(c, 1), at(c, 2), int(c, 3), int(c, 4), t, n);
    case OP_ADD_WEIGHT_GRADIENT: return addWeightGradient(
      at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), int(c, 6), at(c, 7) + at(c, 8) * <usize>t, t, n,
    );
    case OP_SUM_ROW_BLOCKS: return sumRowBlocks(at(c, 1), at(c, 2), int(c, 3), int(c, 4), t, n);
    case OP_ADD_PARTIALS: return addPartials(at(c, 1), at(c, 2), int(c, 3), at(c, 4), int(c, 5), t, n);
    case OP_SCATTER_ADD_ROWS: return scatterAddRows(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_PAD_COLUMNS: return padColumns(at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), int(c, 6), t, n);
    case OP_ACTIVATE_GRADIENT: return activateGradient(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_GATE_GRADIENT: return gateGradient(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), at(c, 5), int(c, 6), int(c, 7), t, n,
    );
    case OP_LAYER_NORM_GRADIENT: return layerNormGradient(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), at(c, 5), int(c, 6), int(c, 7), real(c, 8), t, n,
    );
    case OP_RMS_NORM_GRADIENT: return rmsNormGradient(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), at(c, 5), int(c, 6), int(c, 7), real(c, 8), t, n,
    );
    case OP_SOFTMAX_GRADIENT: return softmaxGradient(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_LOG_SOFTMAX_GRADIENT: return logSoftmaxGradient(at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), t, n);
    case OP_ATTENTION_GRADIENT: return attentionGradient(changetype<AttentionGradientCommand>(c), t);
    case OP_CROSS_ENTROPY: return crossEntropy(
      at(c, 1), at(c, 2), at(c, 3), int(c, 4), int(c, 5), real(c, 6), real(c, 7), t, n,
    );
    case OP_CROSS_ENTROPY_GRADIENT: return crossEntropyGradient(
      at(c, 1), at(c, 2), at(c, 3), at(c, 4), int(c, 5), int(c, 6), real(c, 7), real(c, 8), t, n,
    );
    case OP_DROPOUT: return dropout(at(c, 1), at(c, 2), int(c, 3), int(c, 4), int(c, 5), real(c, 6), t, n);
    case OP_SQUARE_PIECES: return squarePieces(at(c, 1), at(c, 2), int(c, 3), t, n);
    case OP_SUM_PIECES: return sumPieces(at(c, 1), at(c, 2), int(c, 3), t);
    case OP_ADAMW_STEP: return adamWStep(changetype<AdamWCommand>(c), t, n);
    case OP_SGD_STEP: return sgdStep(changetype<SgdCommand>(c), t, n);
    default: unreachable();
  }
}
