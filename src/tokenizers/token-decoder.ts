import { byteLevelStream } from './byte-level.ts';
import { cleanUpSpaces } from './clean-up-spaces.ts';
import { chainStreams, mapTokens, type TextStream, Utf8Stream } from './text-stream.ts';

/** The `decoder` of a tokenizer.json. */
export type DecoderConfig = { readonly type: string; readonly [key: string]: unknown } | null;

/**
 * Streams for the decoders of a tokenizer.json, which turn tokens into text. Equal to those of the Rust library on
 * well-formed output; where byte tokens are not UTF-8, each faulty stretch becomes one U+FFFD (the WHATWG rule), whereas
 * Rust's ByteFallback gives up the whole run of byte tokens, good characters included.
 * Throws a `TypeError` for an unknown decoder.
 */
export function createTokenDecoder(config: DecoderConfig): () => TextStream {
  if (config === null) return () => mapTokens((token, isFirst) => (isFirst ? token : ` ${token}`));
  const steps = config.type === 'Sequence' ? (config.decoders as NonNullable<DecoderConfig>[]) : [config];
  let isFused = false;
  const makers = steps.map((step) => {
    const maker = streamMaker(step, isFused);
    isFused ||= step.type === 'Fuse' || step.type === 'ByteLevel';
    return maker;
  });
  return () => chainStreams(makers.map((make) => make()));
}

function streamMaker(config: NonNullable<DecoderConfig>, isFused: boolean): () => TextStream {
  switch (config.type) {
    case 'ByteLevel':
      return byteLevelStream;
    case 'ByteFallback':
      return byteFallbackStream;
    case 'Fuse':
      return () => mapTokens((token) => token);
    case 'Replace':
      return replaceMaker(config);
    case 'Strip':
      return stripMaker(config, isFused);
    case 'Metaspace':
      return metaspaceMaker(config);
    case 'BPEDecoder':
      return () => suffixStream(optional(config, 'suffix', '</w>'));
    case 'WordPiece':
      return wordPieceMaker(config);
    default:
      throw new TypeError(
        `Cannot read the tokenizer's decoder: unknown type ${JSON.stringify(config.type)}, wanted one of ` +
          'ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, BPEDecoder, WordPiece, Sequence',
      );
  }
}

/** `<0x0A>` is a byte; other tokens are text. */
function byteFallbackStream(): TextStream {
  const utf8 = new Utf8Stream();
  return {
    push(token) {
      const digits = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
      if (digits === undefined) return utf8.end() + token;
      return utf8.push(Uint8Array.of(Number.parseInt(digits, 16)));
    },
    end: () => utf8.end(),
  };
}

function replaceMaker(config: NonNullable<DecoderConfig>): () => TextStream {
  const { String: text, Regex: expression } = config.pattern as { String?: string; Regex?: string };
  const content = optional(config, 'content', '');
  const pattern = text ?? new RegExp(expression!, 'gu');
  return () => mapTokens((token) => token.replaceAll(pattern, () => content));
}

function stripMaker(config: NonNullable<DecoderConfig>, isFused: boolean): () => TextStream {
  const content = optional(config, 'content', ' ');
  const start = optional(config, 'start', 0);
  const stop = optional(config, 'stop', 0);
  if (isFused) return () => stripStream(content, start, stop);
  return () =>
    mapTokens((token) => {
      const whole = stripStream(content, start, stop);
      return whole.push(token) + whole.end();
    });
}

/** Takes up to `start` times `content`, one character, from the beginning and up to `stop` times from the end. */
function stripStream(content: string, start: number, stop: number): TextStream {
  let stripped = 0;
  let atStart = true;
  let held = 0;
  return {
    push(piece) {
      let from = 0;
      while (atStart && from < piece.length) {
        if (stripped === start || piece[from] !== content) atStart = false;
        else {
          stripped++;
          from++;
        }
      }
      const text = content.repeat(held) + piece.slice(from);
      let end = text.length;
      while (text.length - end < stop && text[end - 1] === content) end--;
      held = text.length - end;
      return text.slice(0, end);
    },
    end: () => '',
  };
}

/** SentencePiece's `▁` is a space, except in the first token, where it was added. */
function metaspaceMaker(config: NonNullable<DecoderConfig>): () => TextStream {
  const replacement = optional(config, 'replacement', '▁');
  const isAdded = optional(config, 'prepend_scheme', 'always') !== 'never' && config.add_prefix_space !== false;
  return () => mapTokens((token, isFirst) => token.replaceAll(replacement, isFirst && isAdded ? '' : ' '));
}

/** GPT-1's `</w>` ends a word: a space, except after the last token. */
function suffixStream(suffix: string): TextStream {
  let held: string | undefined;
  return {
    push(token) {
      const text = held?.replaceAll(suffix, ' ') ?? '';
      held = token;
      return text;
    },
    end: () => held?.replaceAll(suffix, '') ?? '',
  };
}

function wordPieceMaker(config: NonNullable<DecoderConfig>): () => TextStream {
  const prefix = optional(config, 'prefix', '##');
  const clean = optional(config, 'cleanup', true) ? cleanUpSpaces : (text: string) => text;
  return () =>
    mapTokens((token, isFirst) => {
      if (isFirst) return clean(token);
      return clean(token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`);
    });
}

function optional(config: NonNullable<DecoderConfig>, key: string, otherwise: string): string;
function optional(config: NonNullable<DecoderConfig>, key: string, otherwise: number): number;
function optional(config: NonNullable<DecoderConfig>, key: string, otherwise: boolean): boolean;
function optional(config: NonNullable<DecoderConfig>, key: string, otherwise: string | number | boolean): unknown {
  const value = config[key] ?? otherwise;
  if (typeof value === typeof otherwise) return value;
  throw new TypeError(
    `Cannot read the tokenizer's ${config.type} decoder: ${key} is ${JSON.stringify(value)}, wanted a ${typeof otherwise}`,
  );
}
