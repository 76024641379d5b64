/**
 * A step from tokens to text. What `push` returns is final; `end` returns what was held back, once nothing more can come.
 * The pieces put together do not depend on how the input was cut, except where a step works token by token.
 */
export interface TextStream {
  push(piece: string): string;
  end(): string;
}

/** One stream behind the other. */
export function chainStreams(streams: readonly TextStream[]): TextStream {
  const through = (piece: string, from: number) =>
    streams.slice(from).reduce((text, stream) => stream.push(text), piece);
  return {
    push: (piece) => through(piece, 0),
    end: () =>
      streams
        .map((stream, i) => {
          const rest = stream.end();
          return rest === '' ? '' : through(rest, i + 1);
        })
        .join(''),
  };
}

/** Each token on its own, with nothing held back. */
export function mapTokens(transform: (token: string, isFirst: boolean) => string): TextStream {
  let isFirst = true;
  return {
    push(token) {
      const text = transform(token, isFirst);
      isFirst = false;
      return text;
    },
    end: () => '',
  };
}

/** UTF-8 to text across pieces: a character comes out when its last byte is there. */
export class Utf8Stream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  push(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** Ends the run of bytes: an unfinished character becomes U+FFFD. */
  end(): string {
    return this.#decoder.decode();
  }
}
