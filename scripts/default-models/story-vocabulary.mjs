// Who and what stories are about. Every value says which forms it has; what goes with what is said by the plots' slots.

/** @typedef {import('./story-template.mjs').Value} Value */

/** A value with its indefinite form, `a`: "a kite", "an old house". @returns {Value} */
export function value(/** @type {string} */ text, forms = {}) {
  return { text, a: `${/^[aeiou]/.test(text) ? 'an' : 'a'} ${text}`, ...forms };
}

const values = (/** @type {string} */ list) => list.split(', ').map((text) => value(text));

const PRONOUNS = {
  female: { he: 'she', him: 'her', his: 'her', himself: 'herself' },
  male: { he: 'he', him: 'him', his: 'his', himself: 'himself' },
};

/** @type {(list: string, gender: 'female' | 'male', isChild: boolean) => Value[]} */
const people = (list, gender, isChild) =>
  values(list).map((name) => ({ ...name, ...PRONOUNS[gender], gender, isChild }));

/** Whom stories are about. A name is a hero's or a friend's, in every story, so that it says by itself who is meant. */
export const HEROES = [
  ...people('Anna, Lily, Mia, Rosa, Ivy', 'female', true),
  ...people('Ben, Max, Tom, Finn, Hugo', 'male', true),
  ...people('Dot, Poppy, Tilly', 'female', false),
  ...people('Pip, Bruno, Milo', 'male', false),
];

export const FRIENDS = [
  ...people('Emma, Lucy, Nora, Ella, Clara', 'female', true),
  ...people('Leo, Sam, Jack, Oscar, Theo', 'male', true),
  ...people('Hazel, Willow, Flora', 'female', false),
  ...people('Rusty, Toby, Otto', 'male', false),
];

/** Kinship and friendship, seen from the hero; a relation without a gender goes with both. */
export const RELATIONS = [
  ...values('friend, best friend, good friend, cousin, neighbour'),
  ...['little sister', 'big sister'].map((text) => value(text, { gender: 'female' })),
  ...['little brother', 'big brother'].map((text) => value(text, { gender: 'male' })),
];

export const KINDS = [
  value('girl', { gender: 'female' }),
  value('boy', { gender: 'male' }),
  ...values('rabbit, fox, bear, mouse, hedgehog, badger, mole, goat'),
];

export const TRAITS = values('little, young, cheerful, curious, gentle, clever, brave, kind, quiet, friendly');

/** `the` is what somebody comes home to. */
const home = (/** @type {string} */ place, /** @type {string} */ where, /** @type {boolean} */ isForChildren) =>
  value(`in ${value(place).a} ${where}`, { the: `the ${place} ${where}`, isForChildren });

export const HOMES = [
  home('small house', 'by the river', true),
  home('white cottage', 'near the forest', true),
  home('little house', 'by the sea', true),
  home('old farmhouse', 'on a hill', true),
  home('tall house', 'next to the market', true),
  home('blue house', 'at the end of a quiet street', true),
  home('cosy den', 'under an old oak', false),
  home('warm burrow', 'at the edge of the forest', false),
  home('tiny cottage', 'by the pond', false),
  home('small cave', 'behind the hill', false),
  home('round house', 'in the middle of a garden', false),
];

export const WEATHERS = values('sunny, bright, warm, hot, windy, cool, cloudy, cold, snowy');

export const TIMES = values('morning, afternoon, day');

export const ELDERS = [
  ...values('mother, grandmother, aunt').map((elder) => ({ ...elder, ...PRONOUNS.female })),
  ...values('father, grandfather, uncle').map((elder) => ({ ...elder, ...PRONOUNS.male })),
];

export const NUMBERS = values('two, three, four, five, six, seven');

const COLOURS = 'red, blue, green, yellow, orange, white';

/** How things may look. Each thing says which of these go with it. */
export const LOOKS = values(`${COLOURS}, old, new, big, small, wooden, soft, warm`);

/** A thing with its looks and with what can be done with it: `carry`, `buy`, `lend`, `get stuck`. */
const thing = (/** @type {string} */ text, /** @type {string} */ looks, /** @type {string} */ uses, forms = {}) =>
  value(text, { looks: looks.split(', '), uses: uses.split(', '), ...forms });

export const THINGS = [
  thing('kite', `${COLOURS}, old, new, big, small`, 'buy, lend, get stuck', { play: 'flew it high above the field' }),
  thing('ball', `${COLOURS}, old, new, big, small`, 'carry, buy, get stuck', { play: 'threw it to each other' }),
  thing('balloon', `${COLOURS}, big, small`, 'get stuck'),
  thing('boat', `${COLOURS}, old, new, small, wooden`, 'buy, lend, get stuck', { play: 'let it float on the pond' }),
  thing('wagon', `${COLOURS}, old, new, small, wooden`, 'buy, lend, get stuck', {
    play: 'pulled it up and down the road',
  }),
  thing('drum', `${COLOURS}, old, new, big, small`, 'carry, buy, lend', { play: 'played happy songs on it' }),
  thing('doll', 'old, new, small, wooden, soft', 'carry, lend'),
  thing('book', 'red, blue, green, old, new, big, small', 'carry, buy, lend', {
    play: 'read it together under a tree',
  }),
  thing('hat', `${COLOURS}, old, new, soft, warm`, 'carry, get stuck'),
  thing('scarf', `${COLOURS}, old, new, soft, warm`, 'carry, lend'),
  thing('lantern', 'red, blue, yellow, old, small', 'carry'),
  thing('train', 'red, blue, green, old, new, small, wooden', 'carry, buy', { play: 'rolled it over the floor' }),
];

export const FOODS = values('cake, pie, pancake, bun, pear, sandwich');

export const TASTES = values('fresh, big, small, soft');

/** Where one may play, and look for what was lost. */
export const SPOTS = values(
  'on the swing, by the pond, under the old tree, behind the barn, near the bridge, in the tall grass, beside the wall',
);
