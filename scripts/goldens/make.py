"""Writes test/goldens anew: `python scripts/goldens/make.py [name...]`, all of them without names."""

import os
import sys

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
sys.dont_write_bytecode = True

import torch
import transformers

import decoder_only
import encoder_decoder
import gguf_blocks
import gradients
import lora
import lora_seq2seq
import marian_folder
import losses
import processors
import relative_positions
import sampling
import schedules
import quantization
import score_seq2seq
import search
import search_seq2seq
import sentence_piece
import source_target
import tokenizer_training
import tokenizers_and_templates
import transformer_decoder
import transformer_decoder_gradients

transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

SUBJECTS = (
    tokenizers_and_templates, tokenizer_training, decoder_only, transformer_decoder, sampling, processors, search,
    gradients, transformer_decoder_gradients, lora, losses, schedules, gguf_blocks, quantization, encoder_decoder, lora_seq2seq,
    search_seq2seq, score_seq2seq, marian_folder, sentence_piece, source_target, relative_positions,
)


def main(wanted):
    known = [name for subject in SUBJECTS for name in subject.names()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"Cannot make {', '.join(unknown)}: known are {', '.join(known)}")
    for subject in SUBJECTS:
        for name in subject.names():
            if not wanted or name in wanted:
                subject.make(name)


if __name__ == "__main__":
    main(sys.argv[1:])
