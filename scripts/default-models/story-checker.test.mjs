import { describe, expect, test } from 'vitest';
import { checkStory, STORY_WORDS } from './story-checker.mjs';
import { PLOTS } from './story-plots.mjs';
import { storyRandom } from './story-random.mjs';
import { parseTemplate, writeNode } from './story-template.mjs';
import { writeStory } from './story-writer.mjs';

const stories = (count, seed) => Array.from({ length: count }, (_, i) => writeStory(storyRandom(seed, i)));

const isSound = ({ isWellFormed, isConsistent }) => isWellFormed && isConsistent;

const PRONOUNS = ['he', 'him', 'his', 'himself'];

const SETTING = [
  'hero',
  'kind',
  'trait',
  'home',
  'friend',
  'relation',
  'time',
  'weather',
  'thing',
  'look',
  'first',
  'second',
];

test('every story that is written is well-formed and consistent, with the plot and the bits that it was written with', () => {
  for (let i = 0; i < 10_000; i++) {
    const { text, plot, bits } = writeStory(storyRandom(1, i));
    const report = checkStory(text);
    if (report.problems.length > 0 || report.plot !== plot) expect({ text, ...report }).toBe('a sound story');
    // No text can be made in two ways, so that the bits of the choices are those of the text.
    expect(Math.abs(report.bits - bits)).toBeLessThan(1e-9);
  }
}, 120_000);

describe('a story is refused when somebody or something changes in one place:', () => {
  // Each class says which mentions it changes. A change counts if no value of the slot would explain all of its mentions.
  test.each([
    ['a name', ({ slot, form }) => ['hero', 'friend'].includes(slot) && form === 'text'],
    ['a pronoun', ({ form }) => PRONOUNS.includes(form)],
    [
      'an object',
      ({ slot, form }) => ['thing', 'project', 'stray', 'seed', 'present', 'food'].includes(slot) && form === 'text',
    ],
    ['an adjective', ({ slot }) => ['look', 'taste', 'trait'].includes(slot)],
    ['a kind, a kinship or a home', ({ slot }) => ['kind', 'relation', 'home', 'elder'].includes(slot)],
    ['a place', ({ slot, form }) => ['first', 'second'].includes(slot) || form === 'place'],
    ['an effect or its cause', ({ slot, form }) => !SETTING.includes(slot) && !PRONOUNS.includes(form)],
  ])(
    '%s',
    (_, isChanged) => {
      let numChanged = 0;
      for (const story of stories(150, 2)) {
        for (const mention of story.mentions.filter(isChanged)) {
          const text = changeMention(story, mention, numChanged);
          if (text === undefined) continue;
          numChanged++;
          const report = checkStory(text);
          if (report.isConsistent || report.problems.length === 0) expect({ text, ...report, mention }).toBe('refused');
        }
      }
      expect(numChanged).toBeGreaterThan(40);
    },
    180_000,
  );
});

describe('a story is refused', () => {
  test.each([
    ['with two sentences in the wrong order', swapSentences],
    ['without the sentence that brings in the second character', withoutIntroduction],
    ['without its ending', ({ text }) => joined(sentencesOf(text).slice(0, -1))],
    ['with its ending twice', ({ text }) => `${text} ${sentencesOf(text).at(-1)}`],
    ['with a sentence of another story', exchangeSentence],
    ['with a word that is none', ({ text }, i) => replaceWord(text, i, 'blorfed')],
    ['with a word too much', ({ text }, i) => replaceWord(text, i, 'the the')],
    ['cut anywhere', ({ text }, i) => text.slice(0, 1 + ((i * 7919) % (text.length - 1)))],
    ['with a letter changed', changeLetter],
    ['with a second story behind it', ({ text }, i) => `${text} ${writeStory(storyRandom(9, i)).text}`],
  ])(
    '%s',
    (_, mutate) => {
      let numChanged = 0;
      for (const [i, story] of stories(400, 3).entries()) {
        const text = mutate(story, i);
        if (text === undefined || text === story.text) continue;
        numChanged++;
        const report = checkStory(text);
        if (isSound(report) || report.problems.length === 0)
          expect({ text, was: story.text, ...report }).toBe('refused');
      }
      expect(numChanged).toBeGreaterThan(300);
    },
    180_000,
  );
});

describe('problems', () => {
  const { text } = stories(200, 4).find(({ plot, text }) => plot === 'lost and found' && /^Once/.test(text));

  test('a contradiction leaves a story well-formed', () => {
    const hero = /named (\w+)/.exec(text)[1];
    const other = hero === 'Bruno' ? 'Pip' : 'Bruno';
    const changed = text.replace(new RegExp(`${hero}(?!.*${hero})`), other);
    expect(checkStory(changed)).toMatchObject({ isWellFormed: true, isConsistent: false, plot: 'lost and found' });
    expect(checkStory(changed).problems[0]).toMatch(new RegExp(`^another hero: sentence \\d+ says "${other}"$`));
  });

  test.each([
    ['', 'unfinished: the text is empty'],
    ['Once upon a time', 'unfinished: the text ends before the story does'],
    [text.slice(0, -10), 'unfinished: the text ends before the story does'],
    [`${text} The end.`, 'more than a story: "The end."'],
    ['Hello there.', 'no such sentence: sentence 1, "Hello there."'],
  ])('of %j', (broken, problem) => {
    expect(checkStory(broken).isWellFormed).toBe(false);
    expect(checkStory(broken).problems[0]).toBe(problem);
  });

  test('words that no story has are named', () => {
    expect(checkStory(text.replace(' lived ', ' zorbled ')).problems).toContain('no such word: "zorbled"');
  });

  test('space around a story does not matter', () => {
    expect(isSound(checkStory(`\n ${text}\n`))).toBe(true);
  });

  test('something else than a text is an error', () => {
    expect(() => checkStory(undefined)).toThrow(new TypeError('Cannot check story: got undefined, wanted a string'));
  });
});

test('the vocabulary stays small enough for a small model', () => {
  expect(STORY_WORDS.size).toBeLessThan(760);
});

const sentencesOf = (text) => text.match(/.+?[.!?]"?(?: |$)/g).map((sentence) => sentence.trim());

const joined = (sentences) => sentences.join(' ');

/** The text with another value in one mention; undefined if all mentions together would still be those of one value. */
function changeMention({ text, plot, bindings, mentions }, mention, salt) {
  const { slots } = PLOTS.find(({ name }) => name === plot);
  const { slot, form } = mention;
  const { values, needs = [], fits } = slots[slot];
  const own = bindings[slot];
  const others = values.filter((value) => value[form] !== own[form]);
  if (others.length === 0) return undefined;
  const other = others[salt % others.length];
  const rest = mentions.filter((it) => it.slot === slot && it !== mention);
  const isExplained = (value) =>
    value[form] === other[form] &&
    rest.every((it) => value[it.form] === own[it.form]) &&
    (fits === undefined || fits(value, ...needs.map((need) => bindings[need]))) &&
    fitsDependents(slots, { ...bindings, [slot]: value }, slot);
  if (values.some(isExplained)) return undefined;
  return text.slice(0, mention.start) + formText(slots, bindings, mention, other) + text.slice(mention.end);
}

/** Whether those that need `slot` still fit. */
function fitsDependents(slots, bindings, slot) {
  return Object.entries(slots).every(
    ([name, { needs = [], fits }]) =>
      !needs.includes(slot) ||
      bindings[name] === undefined ||
      fits(bindings[name], ...needs.map((need) => bindings[need])),
  );
}

function formText(slots, bindings, { slot, form, isCapital }, value) {
  const draft = { random: () => 0, slots, bindings: { ...bindings, [slot]: value }, text: '', bits: 0, mentions: [] };
  writeNode(parseTemplate(`{${slot}.${form}}`), draft);
  return isCapital ? draft.text[0].toUpperCase() + draft.text.slice(1) : draft.text;
}

function swapSentences({ text }, i) {
  const sentences = sentencesOf(text);
  const at = i % (sentences.length - 1);
  [sentences[at], sentences[at + 1]] = [sentences[at + 1], sentences[at]];
  return joined(sentences);
}

/** Without the sentence that first names the friend or the elder: nobody comes in without being introduced. */
function withoutIntroduction({ text, mentions }) {
  const { end } = mentions.find(({ slot }) => slot === 'friend' || slot === 'elder');
  const numBefore = sentencesOf(`${text.slice(0, end)}.`).length;
  return joined(sentencesOf(text).filter((_, i) => i !== numBefore - 1));
}

/** With a sentence about somebody who is in another story only. */
function exchangeSentence({ text, bindings }, i) {
  const other = writeStory(storyRandom(8, i));
  const name = other.bindings.hero.text;
  if ([bindings.hero, bindings.friend].some((own) => own?.text === name)) return undefined;
  const foreign = sentencesOf(other.text).filter((sentence) => sentence.includes(name));
  const sentences = sentencesOf(text);
  sentences[i % sentences.length] = foreign[i % foreign.length];
  return joined(sentences);
}

function replaceWord(text, i, word) {
  const words = text.split(' ');
  words[i % words.length] = word;
  return words.join(' ');
}

function changeLetter({ text }, i) {
  const letters = [...text.matchAll(/[a-z]/g)].map(({ index }) => index);
  const at = letters[(i * 31) % letters.length];
  return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
}
