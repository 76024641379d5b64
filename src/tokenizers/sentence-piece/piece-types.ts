/** `ModelProto.SentencePiece.Type`; `tokenizer.ggml.token_type` of GGUF has the same numbers. */
export const PIECE_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
