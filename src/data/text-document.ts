/**
 * A document to learn from: a text; a prompt with its completion, on which alone the loss is taken; or a source with its
 * target, for models with an encoder.
 */
export type TextDocument =
  | { readonly text: string }
  | { readonly prompt: string; readonly completion: string }
  | { readonly source: string; readonly target: string };

/** What the documents of a dataset are. Completions may have texts among them, which have no prompt. */
export type DatasetKind = 'text' | 'completions' | 'pairs';

/** A piece of a document on its way to tokens. Long plain texts come in several, everything else in one. */
export interface DocumentPiece {
  readonly kind: DatasetKind;
  /** The prompt or the source; empty in a text. */
  readonly prompt: string;
  /** The text, the completion or the target. */
  readonly text: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** What error messages call it: `stories.jsonl, line 3`. */
  readonly place: string;
}

const SHAPES = [
  { kind: 'text', fields: ['text'] },
  { kind: 'completions', fields: ['prompt', 'completion'] },
  { kind: 'pairs', fields: ['source', 'target'] },
] as const;

const WANTED = SHAPES.map(({ fields }) => fields.map((field) => JSON.stringify(field)).join(' and ')).join(', or ');

/**
 * Checks a document from a user or a file. Other fields are left alone: data often has some. Throws a `TypeError` that
 * names the place.
 */
export function parseDocument(value: unknown, place: string): DocumentPiece {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`Cannot read ${place}: got ${describe(value)}, wanted an object with ${WANTED}`);
  const document = value as Readonly<Record<string, unknown>>;
  const shapes = SHAPES.filter(({ fields }) => fields.some((field) => Object.hasOwn(document, field)));
  const [shape] = shapes;
  if (shape === undefined || shapes.length > 1) {
    const names = Object.keys(document).slice(0, 8);
    const got = names.length === 0 ? 'no fields' : `the fields ${names.map((name) => describe(name)).join(', ')}`;
    throw new TypeError(`Cannot read ${place}: got ${got}, wanted ${WANTED}`);
  }
  const texts = shape.fields.map((field) => parseField(document, field, place));
  return { kind: shape.kind, prompt: texts[1] === undefined ? '' : texts[0]!, text: texts.at(-1)!, ...WHOLE, place };
}

const WHOLE = { isFirst: true, isLast: true } as const;

/** A whole pair. Throws a `TypeError` for an empty side, which a parallel text has where its lines have slipped. */
export function pairPiece(source: string, target: string, place: string): DocumentPiece {
  requireText('source', source, place);
  requireText('target', target, place);
  return { kind: 'pairs', prompt: source, text: target, ...WHOLE, place };
}

function parseField(document: Readonly<Record<string, unknown>>, field: string, place: string): string {
  const value = Object.hasOwn(document, field) ? document[field] : undefined;
  if (typeof value !== 'string')
    throw new TypeError(`Cannot read ${place}: "${field}" is ${describe(value)}, wanted a string`);
  if (field !== 'prompt') requireText(field, value, place);
  return value;
}

function requireText(field: string, value: string, place: string): void {
  if (value === '') throw new TypeError(`Cannot read ${place}: "${field}" is empty, wanted text`);
}

/** A value as JSON, cut short: it comes from a file that may be anything. */
function describe(value: unknown): string {
  const json = JSON.stringify(value) ?? 'missing';
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
