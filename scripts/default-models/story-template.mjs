// Templates of sentences: one notation, two directions. What `writeNode` can write, `matchNode` can read back.
//
//   {hero}        the text of the value that stands in the slot `hero`; a first mention chooses it, later ones keep it
//   {hero.his}    another form of the same value; a form may be a template itself
//   {Hero.he}     the same with a capital letter
//   [a|b|]        one of several texts, all equally probable; an empty one leaves it out; they nest

/**
 * @typedef {{ text: string } & Record<string, any>} Value What may stand in a slot, with its forms.
 * @typedef {object} Slot
 * @property {readonly Value[]} values
 * @property {readonly string[]} [needs] slots that are chosen before this one
 * @property {(value: Value, ...needed: Value[]) => boolean} [fits] whether a value goes with those
 * @typedef {Readonly<Record<string, Slot>>} Slots
 * @typedef {Readonly<Record<string, Value>>} Bindings
 *
 * @typedef {{ kind: 'text', text: string }
 *   | { kind: 'slot', slot: string, form: string, isCapital: boolean }
 *   | { kind: 'choice', options: readonly Node[] }
 *   | { kind: 'sequence', parts: readonly Node[] }} Node
 *
 * @typedef {{ slot: string, form: string, isCapital: boolean, start: number, end: number }} Mention A slot in a text.
 * @typedef {object} Draft A text that is being written.
 * @property {() => number} random in [0, 1)
 * @property {Slots} slots
 * @property {Record<string, Value>} bindings
 * @property {string} text
 * @property {number} bits −log2 of the probability of all choices so far
 * @property {Mention[]} mentions
 *
 * @typedef {{ slot: string, wanted: Value | undefined, got: string, position: number }} Conflict What contradicts.
 * @typedef {object} Place How far a text has been read, and on what grounds.
 * @property {number} position
 * @property {Bindings} bindings
 * @property {number} weight probability of the choices that were read, those of values apart
 * @property {readonly Conflict[]} conflicts
 * @typedef {object} Reader A text that is being read.
 * @property {string} text
 * @property {Slots} slots
 * @property {number} maxConflicts how many mentions may contradict earlier ones
 * @property {number} furthest the first character that nothing could explain
 */

/** @returns {Node} */
export function parseTemplate(/** @type {string} */ source) {
  const [node, end] = parseSequence(source, 0, false);
  if (end < source.length) throw new SyntaxError(`Cannot parse template: "${source[end]}" at ${end} of "${source}"`);
  return node;
}

/** @returns {[Node, number]} */
function parseSequence(/** @type {string} */ source, /** @type {number} */ start, /** @type {boolean} */ isOption) {
  /** @type {Node[]} */
  const parts = [];
  let position = start;
  while (position < source.length) {
    const character = source[position];
    if (character === ']' || (isOption && character === '|')) break;
    const [part, end] =
      character === '{'
        ? parseSlot(source, position)
        : character === '['
          ? parseChoice(source, position)
          : parseText(source, position);
    parts.push(part);
    position = end;
  }
  return [parts.length === 1 ? parts[0] : { kind: 'sequence', parts }, position];
}

/** @returns {[Node, number]} */
function parseText(/** @type {string} */ source, /** @type {number} */ start) {
  const length = source.slice(start + 1).search(/[{[\]|]/);
  const end = length < 0 ? source.length : start + 1 + length;
  return [{ kind: 'text', text: source.slice(start, end) }, end];
}

/** @returns {[Node, number]} */
function parseSlot(/** @type {string} */ source, /** @type {number} */ start) {
  const found = /^\{([A-Za-z])(\w*)(?:\.(\w+))?\}/.exec(source.slice(start));
  if (found === null) throw new SyntaxError(`Cannot parse template: no slot at ${start} of "${source}"`);
  const [whole, first, rest, form = 'text'] = found;
  const slot = first.toLowerCase() + rest;
  return [{ kind: 'slot', slot, form, isCapital: first !== first.toLowerCase() }, start + whole.length];
}

/** @returns {[Node, number]} */
function parseChoice(/** @type {string} */ source, /** @type {number} */ start) {
  const options = [];
  let position = start;
  do {
    const [option, end] = parseSequence(source, position + 1, true);
    options.push(option);
    position = end;
  } while (source[position] === '|');
  if (source[position] !== ']') throw new SyntaxError(`Cannot parse template: "[" at ${start} of "${source}" is open`);
  return [{ kind: 'choice', options }, position + 1];
}

/** @type {WeakMap<Value, Map<string, Node>>} */
const formNodes = new WeakMap();

/** The template of a form of a value. */
function formOf(/** @type {Value} */ value, /** @type {{ form: string, isCapital: boolean }} */ { form, isCapital }) {
  let nodes = formNodes.get(value);
  if (nodes === undefined) {
    nodes = new Map();
    formNodes.set(value, nodes);
  }
  const key = isCapital ? `^${form}` : form;
  let node = nodes.get(key);
  if (node === undefined) {
    node = isCapital ? capitalise(parseTemplate(value[form])) : parseTemplate(value[form]);
    nodes.set(key, node);
  }
  return node;
}

/** @returns {Node} */
function capitalise(/** @type {Node} */ node) {
  if (node.kind === 'text') return { ...node, text: node.text[0].toUpperCase() + node.text.slice(1) };
  if (node.kind === 'slot') return { ...node, isCapital: true };
  if (node.kind === 'choice') return { ...node, options: node.options.map(capitalise) };
  return { ...node, parts: node.parts.map((part, i) => (i === 0 ? capitalise(part) : part)) };
}

/** Appends what a template says to a draft, and what was chosen for it. */
export function writeNode(/** @type {Node} */ node, /** @type {Draft} */ draft) {
  if (node.kind === 'text') draft.text += node.text;
  else if (node.kind === 'sequence') for (const part of node.parts) writeNode(part, draft);
  else if (node.kind === 'choice') writeNode(choose(node.options, draft), draft);
  else {
    const start = draft.text.length;
    writeNode(formOf(bind(node.slot, draft), node), draft);
    const { slot, form, isCapital } = node;
    draft.mentions.push({ slot, form, isCapital, start, end: draft.text.length });
  }
}

/** @returns {Value} */
function bind(/** @type {string} */ name, /** @type {Draft} */ draft) {
  const known = draft.bindings[name];
  if (known !== undefined) return known;
  for (const need of draft.slots[name].needs ?? []) bind(need, draft);
  const value = choose(fittingValues(draft.slots[name], draft.bindings), draft);
  draft.bindings[name] = value;
  return value;
}

/**
 * One of `options`, all equally probable.
 * @template T
 * @param {readonly T[]} options
 * @param {{ random: () => number, bits: number }} draft
 * @returns {T}
 */
export function choose(options, draft) {
  draft.bits += Math.log2(options.length);
  return options[Math.floor(draft.random() * options.length)];
}

function fittingValues(/** @type {Slot} */ { values, needs = [], fits }, /** @type {Bindings} */ bindings) {
  if (fits === undefined) return values;
  const needed = needs.map((need) => bindings[need]);
  return values.filter((value) => fits(value, ...needed));
}

/** −log2 of the probability that just these values are chosen for these slots. */
export function bitsOfBindings(/** @type {Slots} */ slots, /** @type {Bindings} */ bindings) {
  return Object.keys(bindings).reduce((bits, name) => bits + Math.log2(fittingValues(slots[name], bindings).length), 0);
}

/**
 * Calls `next` with every place that the text can be read to from `place` by a template.
 * @param {Node} node
 * @param {Place} place
 * @param {Reader} reader
 * @param {(place: Place) => void} next
 * @returns {void}
 */
export function matchNode(node, place, reader, next) {
  if (node.kind === 'text') matchText(node.text, place, reader, next);
  else if (node.kind === 'sequence') matchParts(node.parts, 0, place, reader, next);
  else if (node.kind === 'slot') matchSlot(node, place, reader, next);
  else {
    const weight = place.weight / node.options.length;
    for (const option of node.options) matchNode(option, { ...place, weight }, reader, next);
  }
}

/** @type {(text: string, place: Place, reader: Reader, next: (place: Place) => void) => void} */
function matchText(text, place, reader, next) {
  const { position } = place;
  if (reader.text.startsWith(text, position)) {
    next({ ...place, position: position + text.length });
    return;
  }
  let end = position;
  while (end < reader.text.length && reader.text[end] === text[end - position]) end++;
  reader.furthest = Math.max(reader.furthest, end);
}

/** @type {(parts: readonly Node[], i: number, place: Place, reader: Reader, next: (place: Place) => void) => void} */
function matchParts(parts, i, place, reader, next) {
  if (i === parts.length) next(place);
  else matchNode(parts[i], place, reader, (after) => matchParts(parts, i + 1, after, reader, next));
}

/** @type {(node: Node & { kind: 'slot' }, place: Place, reader: Reader, next: (place: Place) => void) => void} */
function matchSlot(node, place, reader, next) {
  const wanted = place.bindings[node.slot];
  if (wanted !== undefined) matchNode(formOf(wanted, node), place, reader, next);
  else matchFirstMention(node, place, reader, next);
  if (wanted === undefined || place.conflicts.length >= reader.maxConflicts) return;
  const tried = new Set([wanted[node.form]]);
  for (const value of reader.slots[node.slot].values) {
    if (tried.has(value[node.form])) continue;
    tried.add(value[node.form]);
    matchNode(formOf(value, node), place, reader, (after) => next(addConflict(after, node.slot, place, reader)));
  }
}

/** @type {(node: Node & { kind: 'slot' }, place: Place, reader: Reader, next: (place: Place) => void) => void} */
function matchFirstMention(node, place, reader, next) {
  for (const value of reader.slots[node.slot].values) {
    matchNode(formOf(value, node), place, reader, (after) => {
      const bindings = { ...after.bindings, [node.slot]: value };
      if (isFitting(node.slot, bindings, reader.slots)) next({ ...after, bindings });
      else if (after.conflicts.length < reader.maxConflicts) {
        next(addConflict({ ...after, bindings }, node.slot, place, reader));
      } else reader.furthest = Math.max(reader.furthest, place.position);
    });
  }
}

/** @returns {Place} */
function addConflict(
  /** @type {Place} */ after,
  /** @type {string} */ slot,
  /** @type {Place} */ before,
  /** @type {Reader} */ reader,
) {
  const { position } = before;
  const conflict = { slot, wanted: before.bindings[slot], got: reader.text.slice(position, after.position), position };
  return { ...after, conflicts: [...after.conflicts, conflict] };
}

/** Whether a value that was just bound goes with the others, as far as they are bound. */
function isFitting(/** @type {string} */ name, /** @type {Bindings} */ bindings, /** @type {Slots} */ slots) {
  return rulesAbout(name, slots).every(
    ({ names, fits }) => names.some((it) => bindings[it] === undefined) || fits(...names.map((it) => bindings[it])),
  );
}

/** @typedef {{ names: readonly string[], fits: (...values: Value[]) => boolean }} Rule Which values go together. */

/** @type {WeakMap<Slots, Map<string, Rule[]>>} */
const rulesOfSlots = new WeakMap();

/** The rules that a slot has a part in, its own and those of slots that need it. */
function rulesAbout(/** @type {string} */ name, /** @type {Slots} */ slots) {
  let rules = rulesOfSlots.get(slots);
  if (rules === undefined) {
    const all = Object.entries(slots).flatMap(([owner, { needs = [], fits }]) =>
      fits === undefined ? [] : [{ names: [owner, ...needs], fits }],
    );
    rules = new Map(Object.keys(slots).map((it) => [it, all.filter(({ names }) => names.includes(it))]));
    rulesOfSlots.set(slots, rules);
  }
  return rules.get(name) ?? [];
}

/**
 * Every text and every slot that a template can come to, those in forms included.
 * @returns {Generator<Node & { kind: 'text' | 'slot' }>}
 */
export function* leaves(/** @type {Node} */ node, /** @type {Slots} */ slots) {
  if (node.kind === 'sequence') for (const part of node.parts) yield* leaves(part, slots);
  else if (node.kind === 'choice') for (const option of node.options) yield* leaves(option, slots);
  else {
    yield node;
    if (node.kind === 'slot') {
      for (const value of slots[node.slot]?.values ?? []) {
        if (value[node.form] !== undefined) yield* leaves(formOf(value, node), slots);
      }
    }
  }
}
