import type { Command } from 'commander';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import type { Generation, LLM } from '../llm/llm.ts';
import type { ChatMessage } from '../tokenizers/chat-template.ts';
import { Interrupted, UsageError } from './exit-codes.ts';
import { collect, addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { chatTurns } from './chat-turns.ts';
import { followStream } from './follow-stream.ts';
import { GENERATION_FLAGS, type GenerationFlags, readGenerationInput } from './generation-flags.ts';
import { speedLine, toJson } from './generation-report.ts';
import { helpEnd } from './help-text.ts';
import { MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
import type { Terminal } from './terminal.ts';

export {};
