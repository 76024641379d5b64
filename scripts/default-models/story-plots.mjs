// The plots: beats in their order, each with its paraphrases. A slot means the same in every beat of a story.
import * as events from './story-events.mjs';
import { leaves, parseTemplate } from './story-template.mjs';
import * as words from './story-vocabulary.mjs';

/**
 * @typedef {import('./story-template.mjs').Slots} Slots
 * @typedef {{ name: string, slots: Slots, beats: readonly import('./story-template.mjs').Node[] }} Plot
 */

const INTRODUCTION = `[Once upon a time, there was {trait.a} {kind} named {hero}[| who lived {home}].
  |Once upon a time, there was {trait.a} {kind} named {hero}. {Hero.he} lived {home}.
  |Once upon a time, {trait.a} {kind} named {hero} lived {home}.
  |There once was {trait.a} {kind} named {hero}[| who lived {home}].
  |Long ago, {trait.a} {kind} named {hero} lived {home}.
  |{Home} lived {trait.a} {kind} named {hero}.
  |{Hero} was {trait.a} {kind} who lived {home}.]`;

const FRIEND = '{hero.his} {relation} {friend}';
const TO_HOME = '[to|back to] {home.the}';
const DO_NOT_WORRY = '[Do not worry|Do not be sad|Do not cry]';

/** The first beat: who, what is known of them, and how the day begins: `scene` goes on after the hero's name. */
function opening(/** @type {string} */ scene, background = '') {
  const known = background === '' ? '' : ` ${background}`;
  return [
    `${INTRODUCTION}${known} [One {weather} {time}|On {weather.a} {time}], {hero} ${scene}.`,
    `One {weather} {time}, {trait.a} {kind} named {hero} ${scene}.${known}`,
  ];
}

/** A beat that half of the stories leave out. */
const sometimes = (/** @type {string[]} */ ...paraphrases) => ['', `[${paraphrases.join('|')}]`];

/** What comes after every opening, half of the time; so that a story takes up the time of day again. */
const MOOD = sometimes(
  'It was a [good|fine] {time}, and {hero} [felt happy|was in a good mood].',
  'The {time} had only just begun, and {hero} [felt happy|was in a good mood].',
);

/** @type {Slots} */
const COMMON = {
  hero: { values: words.HEROES },
  kind: {
    values: words.KINDS,
    needs: ['hero'],
    fits: (kind, hero) => (hero.isChild ? kind.gender === hero.gender : kind.gender === undefined),
  },
  trait: { values: words.TRAITS },
  home: { values: words.HOMES, needs: ['hero'], fits: (home, hero) => home.isForChildren === hero.isChild },
  friend: {
    values: words.FRIENDS,
    needs: ['hero'],
    fits: (friend, hero) => friend.isChild === hero.isChild,
  },
  relation: {
    values: words.RELATIONS,
    needs: ['friend'],
    fits: ({ gender }, friend) => gender === undefined || gender === friend.gender,
  },
  time: { values: words.TIMES },
};

const weather = (/** @type {string[]} */ ...allowed) => ({
  weather: { values: words.WEATHERS, fits: (/** @type {words.Value} */ { text }) => allowed.includes(text) },
});

const weatherFor = (/** @type {string} */ slot) => ({
  weather: {
    values: words.WEATHERS,
    needs: [slot],
    fits: (/** @type {words.Value} */ { text }, /** @type {words.Value} */ event) => event.weathers.includes(text),
  },
});

/** Things for a use, with how they look. */
const thingFor = (/** @type {string} */ use) => ({
  thing: { values: words.THINGS.filter(({ uses }) => uses.includes(use)) },
  look: {
    values: words.LOOKS,
    needs: ['thing'],
    fits: (/** @type {words.Value} */ { text }, /** @type {words.Value} */ { looks }) => looks.includes(text),
  },
});

/** @type {readonly { name: string, slots: Slots, beats: readonly (readonly string[])[] }[]} */
const SOURCES = [
  {
    name: 'lost and found',
    slots: {
      ...weather('sunny', 'bright', 'warm', 'cool', 'cloudy'),
      ...thingFor('carry'),
      first: { values: words.SPOTS },
      second: { values: words.SPOTS, needs: ['first'], fits: (second, first) => second !== first },
    },
    beats: [
      opening(
        `[went|ran] out to play with ${FRIEND}`,
        '[{Hero}|The {trait} {kind}] had {look.a} {thing}[ and took it everywhere| and loved it very much|].',
      ),
      [
        'They played {first}, and then they [rested|sat down] {second}.',
        'First they played {first}. [After that|Then] they [rested|sat down] {second}.',
        'They ran and jumped {first}, and then they [rested|sat down] {second}.',
      ],
      [
        'On the way home, {hero} [looked around|stopped]. The {look} {thing} was [gone|not there]!',
        'When it was time to go home, {hero} could not find the {look} {thing}.',
      ],
      sometimes(
        '"[Oh no|Oh dear]! I have lost my {thing}!" [cried|said] [{hero}|the {trait} {kind}].',
        '"Where is my {thing}?" [cried|asked] [{hero}|the {trait} {kind}].',
      ),
      sometimes(`"${DO_NOT_WORRY}," said {friend}. "[We will|Let us] [look for it together|go back and look for it]."`),
      [
        '[First|So] they looked {first}, but it was not there.',
        'They [walked|hurried] back and looked {first}, but they found nothing.',
      ],
      [
        'Then they looked {second}, and there [lay|was] the {look} {thing}!',
        'Then {friend} looked {second} and [called|cried], "Here it is!" It was the {look} {thing}.',
      ],
      sometimes(
        '[{Hero}|The {trait} {kind}] was so [happy|glad] that {hero.he} [hugged|thanked] {friend}.',
        '"Thank you for helping me," said [{hero}|the {trait} {kind}].',
      ),
      [
        'From that day on, {hero} [always took good care of {hero.his} {thing}|held {hero.his} {thing} tight].',
        `Then {hero} took the {thing} ${TO_HOME}, and {hero.he} never lost it again.`,
        `They walked ${TO_HOME}, and {hero} held the {thing} tight.`,
      ],
    ],
  },
  {
    name: 'out of reach',
    slots: {
      ...weather('sunny', 'bright', 'windy', 'cool', 'cloudy'),
      ...thingFor('get stuck'),
      mishap: { values: events.MISHAPS, needs: ['thing'], fits: (mishap, thing) => mishap.thing === thing.text },
    },
    beats: [
      opening(
        `went to {mishap.place} with ${FRIEND}`,
        '[{Hero}|The {trait} {kind}] had {look.a} {thing}[ and took it everywhere| and loved it very much|].',
      ),
      [
        'They played [happily|for a long time]. [Suddenly|Then], {mishap.happens}.',
        'They were [laughing|playing] when {mishap.happens}.',
        'At first they had a lot of fun, but then {mishap.happens}.',
      ],
      [
        'Now the {look} {thing} was {mishap.stuck}, and {hero} could not reach it.',
        '[{Hero}|The {trait} {kind}] tried to reach the {look} {thing}, but it was {mishap.stuck}.',
      ],
      sometimes(
        '"[Oh no|Oh dear]! What can we do?" [cried|asked] [{hero}|the {trait} {kind}].',
        '"[Oh no|Oh dear]! I have lost my {thing}!" [cried|said] [{hero}|the {trait} {kind}].',
      ),
      [
        '"[I have an idea|I know what to do]," said {friend}. "[We need|Let us get] {mishap.tool}."',
        `"${DO_NOT_WORRY}," said {friend}. "[We need|Let us get] {mishap.tool}."`,
      ],
      [
        '{Friend} [ran home|hurried away] and came back with {mishap.tool}.',
        'They [looked around and found|went and got] {mishap.tool}.',
      ],
      ['[Then|Very slowly,] {hero} {mishap.rescue}.', '{Friend} helped, and {hero} {mishap.rescue}.'],
      sometimes(
        '"Thank you, {friend}," said [{hero}|the {trait} {kind}] [happily|with a smile].',
        '"We did it!" called {friend}. {Hero} was happy to have the {look} {thing} again.',
      ),
      [
        'From that day on, {hero} [always|only] played {mishap.lesson}.',
        'After that, they played {mishap.lesson}, and they had fun all {time}.',
        `Then they walked ${TO_HOME}. The next day, they played {mishap.lesson}.`,
      ],
    ],
  },
  {
    name: 'help on the way',
    slots: {
      ...weather('sunny', 'bright', 'warm', 'cool', 'cloudy'),
      plan: { values: events.PLANS },
      trouble: { values: events.TROUBLES },
    },
    beats: [
      opening('wanted to {plan}'),
      [`[On the way|But soon], {hero.he} [met|saw] ${FRIEND}, who looked [sad|very tired].`],
      sometimes(
        '"What is [wrong|the matter], {friend}?" asked [{hero}|the {trait} {kind}].',
        '"Can I help you, {friend}?" asked [{hero}|the {trait} {kind}].',
      ),
      [
        '{Friend} {trouble.cause}, and now {friend.he} {trouble.trouble}.',
        '{Friend} told {hero} [everything|what was wrong]. {Friend.he} {trouble.cause}, and now {friend.he} {trouble.trouble}.',
      ],
      sometimes(
        '[{Hero}|The {trait} {kind}] wanted to {plan}, but {hero.he} [did not want to leave {friend} alone|knew that {friend} needed help].',
        'There was not much time left to {plan}, but {friend} needed help.',
      ),
      sometimes(
        '"I will help you," said [{hero}|the {trait} {kind}] [at once|with a smile].',
        '"Together we can do it," said [{hero}|the {trait} {kind}].',
      ),
      [
        'So [{hero}|the {trait} {kind}] {trouble.help}.',
        '[{Hero}|The {trait} {kind}] did not wait. {Hero.he} {trouble.help}.',
      ],
      [
        '"Thank you[| so much], {hero}!" said {friend}, and {friend.he} gave {hero} {trouble.gift}.',
        '{Friend} was so [happy|glad] that {friend.he} gave {hero} {trouble.gift}.',
      ],
      [
        'It was too late to {plan}, but {hero} [did not mind|was happy]. {Hero.he} had helped a friend.',
        `[{Hero}|The {trait} {kind}] went ${TO_HOME} [with a warm heart|with a smile]. The next day, {hero.he} and {friend} would {plan} together.`,
        'The next day, they went to {plan} together, and {plan.end} together was even better.',
      ],
    ],
  },
  {
    name: 'a wish',
    slots: {
      ...weather('sunny', 'bright', 'warm', 'cool', 'cloudy'),
      ...thingFor('buy'),
      job: { values: events.JOBS },
      number: { values: words.NUMBERS },
    },
    beats: [
      opening('[went|walked] to the market and saw {look.a} {thing}'),
      [
        '{Hero.he} wanted it very much, but it cost {number} coins.',
        'It was the [nicest|best] {thing} of all, but it cost {number} coins.',
      ],
      [
        `[{Hero}|The {trait} {kind}] told ${FRIEND} about the {look} {thing}. "You [can|must] work for the {number} coins," said {friend}.`,
        `"You [can|must] work for {number} days," said ${FRIEND}, when {hero} told {friend.him} about the {look} {thing}.`,
      ],
      [
        'So [{hero}|the {trait} {kind}] went to the {job}. "[You may|If you like, you may] {job.pay}," {job.he} said.',
        'So [{hero}|the {trait} {kind}] went to the {job} and asked for work. "You may {job.pay}," {job.he} said.',
      ],
      [
        'For {number} days, {hero} {job.work}[| from morning to evening].',
        '{Hero} {job.work} for {number} days. It was hard[| work], but {hero.he} did not give up.',
        'Every day, [{hero}|the {trait} {kind}] {job.work}, until {number} days were over.',
      ],
      [
        'At last, the {job} gave {hero.him} {number} coins.',
        'After {number} days, {hero} had {number} coins in {hero.his} hand.',
      ],
      [
        '{Hero} [ran|hurried] to the market and bought the {look} {thing}[| for {number} coins].',
        'The {look} {thing} was still at the market, and {hero} bought it!',
      ],
      sometimes(
        'Then {hero.he} went to {friend}, and they {thing.play}.',
        '"Look, {friend}!" {hero.he} called. [Soon|Then] they {thing.play}.',
      ),
      [
        '[{Hero}|The {trait} {kind}] was [proud|happy], because {hero.he} had worked for the {thing} {hero.himself}.',
        'No {thing} had ever made {hero} so happy, because {hero.he} had worked for it.',
        `In the evening, {hero} took the {thing} ${TO_HOME} and [was very proud|smiled].`,
      ],
    ],
  },
  {
    name: 'a storm',
    slots: {
      ...weather('warm', 'hot', 'cloudy', 'windy'),
      outing: { values: events.OUTINGS },
      comfort: { values: events.COMFORTS },
    },
    beats: [
      opening(`went to {outing.place} with ${FRIEND}`),
      [
        'They were {outing.doing} when [dark|big black] clouds [came|covered the sun].',
        'They spent a [happy|long] time {outing.doing}. Then [dark|big black] clouds [came|covered the sun].',
      ],
      [
        '[Soon|Suddenly] it began to rain, and [they heard loud thunder|the wind grew strong].',
        'The wind grew strong, and [it began to rain|they heard loud thunder].',
      ],
      sometimes(
        '"A storm is coming! We must leave {outing.place}," [cried|called] [{hero}|the {trait} {kind}].',
        '"We [cannot stay here|must find a dry place]!" [cried|called] [{hero}|the {trait} {kind}].',
      ),
      [
        'They stopped {outing.doing} and [ran to|hid in] {outing.shelter}.',
        'They [ran fast|held hands and ran] until they came to {outing.shelter}.',
      ],
      [
        '{Friend} [began to cry|was afraid] because the [storm|thunder] was so loud.',
        'The [storm|thunder] was so loud that {friend} [began to cry|was afraid].',
      ],
      [
        '"Do not [worry|be afraid]," said [{hero}|the {trait} {kind}]. "Let us {comfort.offer}."',
        '"We are safe here," said [{hero}|the {trait} {kind}]. "Let us {comfort.offer}."',
      ],
      [
        'So they {comfort.did}, and [soon|after a while] {friend} was not afraid any more.',
        'They [sat close together|held hands] and {comfort.did}, and {friend} forgot the [storm|thunder].',
      ],
      sometimes(
        'When they came to {comfort.end}, the [storm was over|rain stopped].',
        'They came to {comfort.end}, and the [storm was over|rain stopped].',
      ),
      [
        `They left {outing.hiding} and saw a rainbow. Then they walked ${TO_HOME}.`,
        '"Thank you, {hero}," said {friend}, when they left {outing.hiding}. "With you, I am not afraid."',
        'They left {outing.hiding}, and {friend} was never afraid of [storms|thunder] again.',
      ],
    ],
  },
  {
    name: 'learning',
    slots: {
      ...weatherFor('skill'),
      skill: { values: events.SKILLS },
      elder: { values: words.ELDERS },
      number: { values: words.NUMBERS },
    },
    beats: [
      opening(
        'went to {skill.place} with {hero.his} {elder}',
        '[{Hero}|The {trait} {kind}] wanted to learn to {skill}[, just like {hero.his} {elder}|].',
      ),
      sometimes(
        '"[Please show me|I want to know] how to {skill}," {hero.he} said.',
        '"Can you show me how to {skill}?" {hero.he} asked.',
      ),
      [
        '[{Hero}|The {trait} {kind}] tried {number} times, but {hero.he} {skill.fail}.',
        'The first {number} times, [{hero}|the {trait} {kind}] {skill.fail}.',
      ],
      sometimes(
        '"I have tried {number} times and will never learn to {skill}!" [cried|said] [{hero}|the {trait} {kind}] [sadly|with tears in {hero.his} eyes].',
        '"This is too hard," [cried|said] [{hero}|the {trait} {kind}]. "I have tried {number} times, and I cannot {skill}."',
      ),
      [
        '{Hero.his} {elder} [smiled|sat down next to {hero.him}]. "{skill.advice}," {elder.he} said.',
        '"{skill.advice}," said {hero.his} {elder}. "[Then try again|Do not give up]."',
      ],
      [
        'So [{hero}|the {trait} {kind}] tried again. {Hero.he} {skill.follow}. [This time|Soon] it went better.',
        '{Hero} [listened well|tried again] and {skill.follow}.',
      ],
      sometimes(
        '[{Hero}|The {trait} {kind}] tried [every day|all {time}|again and again], and {hero.his} {elder} helped {hero.him}.',
        'They came back to {skill.place} every day, and {hero} never gave up.',
      ),
      ['At last, {hero} {skill.success}!', '[One day|Then], {hero} {skill.success}, and {hero.his} {elder} clapped.'],
      sometimes(
        '"Look, I can {skill}!" called [{hero}|the {trait} {kind}]. {Hero.his} {elder} was [very|so] proud of {hero.him}.',
        '"I knew that you could {skill}," said {hero.his} {elder}, and [{elder.he} hugged {hero.him}|they laughed].',
      ),
      [
        'From that day on, {hero} [never gave up|always tried again].',
        `{Hero} [sang|smiled] all the way ${TO_HOME}.`,
        'When {hero} was older, {hero.he} showed many others how to {skill}.',
      ],
    ],
  },
  {
    name: 'sharing',
    slots: {
      ...weather('sunny', 'warm', 'bright', 'cool'),
      food: { values: words.FOODS },
      taste: { values: words.TASTES },
      loss: { values: events.LOST_MEALS },
      favour: { values: events.FAVOURS },
    },
    beats: [
      opening(
        `[went for a walk|walked through the forest] with ${FRIEND}`,
        '[{Hero}|The {trait} {kind}] had {taste.a} {food}[ for lunch| in {hero.his} bag|].',
      ),
      [
        'After a while, they [sat down|stopped] to eat, but {friend} had nothing. {Friend.he} {loss.cause}.',
        '[After a while|Soon], they were hungry, but {friend} {loss.cause}.',
      ],
      sometimes(
        '"I am so hungry," said {friend} [sadly|in a small voice].',
        '{Friend} looked at the {taste} {food} [and said nothing|with big eyes].',
      ),
      sometimes(
        '[At first|For a moment], {hero} wanted to eat the {taste} {food} alone. Then {hero.he} looked at {friend}.',
        'There was only one {food}, and {hero} was hungry, too, but {hero.he} [smiled|did not think for long].',
      ),
      [
        '"[We can share|You can have half of] my {food}," said [{hero}|the {trait} {kind}].',
        '"Half of the {food} is for you," said [{hero}|the {trait} {kind}].',
      ],
      ['{Hero.he} [cut|broke] the {taste} {food} in two, and they ate it [together|side by side].'],
      sometimes('"[Thank you|You are very kind]," said {friend}.'),
      ['[Later|On the way home], {favour.need}.'],
      [
        '"Now I can help you," said {friend}, and {friend.he} {favour.offer}.',
        '{Friend} did not wait. {Friend.he} {favour.offer}.',
      ],
      [
        `So {favour.result}, and they walked ${TO_HOME} [together|hand in hand].`,
        'So {favour.result}. From that day on, {hero} and {friend} [always shared|shared everything].',
      ],
    ],
  },
  {
    name: 'a mistake',
    slots: {
      ...weather('sunny', 'bright', 'warm', 'cloudy'),
      ...thingFor('lend'),
      accident: { values: events.ACCIDENTS, needs: ['thing'], fits: (accident, thing) => accident.text === thing.text },
    },
    beats: [
      opening(`saw {look.a} {thing} in the yard. It belonged to ${FRIEND}`),
      sometimes(
        '{Friend} was not there, so {hero} took the {thing} without asking.',
        '"{Friend} will not mind," thought [{hero}|the {trait} {kind}], and {hero.he} took the {thing} without asking.',
      ),
      ['[At first it was fun, but then|But soon] {hero} {accident.event}.'],
      sometimes(
        'Now the {look} {thing} was {accident.damage}. {Hero} was very [sad|sorry].',
        '[{Hero}|The {trait} {kind}] looked at the {look} {thing}. It was {accident.damage}! {Hero.he} wanted to [hide|run away].',
      ),
      [
        'But {hero.he} [knew what was right|was brave] and went to {friend}.',
        'But the {trait} {kind} did not [hide|run away]. {Hero.he} went to {friend}.',
      ],
      [
        '"I took your {thing} without asking, and now it is {accident.damage}," {hero.he} said. "I am [so|very] sorry."',
        '"I am [so|very] sorry," {hero.he} said. "I took your {thing}, and now it is {accident.damage}."',
      ],
      sometimes(
        '{Friend} was [angry|sad] at first. "But [thank you for telling me|it is good that you told me]," {friend.he} said.',
      ),
      [
        '"I will [mend|repair] it," said {hero}, and {hero.he} {accident.repair}.',
        'All {time}, {hero} worked on the {thing}. {Hero.he} {accident.repair}.',
      ],
      ['[In the end|At last], the {look} {thing} {accident.proof}.'],
      [
        '{Friend} [smiled|laughed], and they were friends again. From that day on, {hero} always asked first.',
        '"Let us play together," said {friend}. From that day on, {hero} always asked first.',
        `[{Hero}|The {trait} {kind}] went ${TO_HOME} and never took anything without asking again.`,
      ],
    ],
  },
  {
    name: 'a young animal',
    slots: {
      ...weather('sunny', 'cool', 'cloudy', 'windy', 'cold'),
      stray: { values: events.STRAYS },
      first: { values: words.SPOTS },
    },
    beats: [
      opening(`[went for a walk|was playing] with ${FRIEND}`),
      [
        'Suddenly, they heard a small voice. {First}, they found {stray.a}.',
        '[Something moved|They heard something] {first}. It was {stray.a}!',
      ],
      sometimes(
        'The {stray} was all alone, and it {stray.cries} [sadly|and looked at them].',
        'The {stray} {stray.cries} [sadly|and looked at them]. It was all alone.',
      ),
      sometimes(
        '"[Poor little thing|Poor {stray}]! It has lost its mother," said [{hero}|the {trait} {kind}].',
        '"We must [help it|take it home]," said [{hero}|the {trait} {kind}]. "But where does it live?"',
      ),
      [
        '{Friend} looked at the {stray}. "{stray.clue}," {friend.he} said. "[It must come|I think it comes] from {stray.home}."',
        '"Look! {stray.clue}," said {friend}. "[It must come|I think it comes] from {stray.home}."',
      ],
      [
        '[{Hero}|The {trait} {kind}] took the {stray} in {hero.his} arms, and they [walked|went] to {stray.home}.',
        'So they [walked|went] to {stray.home}, and {hero} carried the {stray} all the way.',
      ],
      ['[There|At {stray.home}], {stray.parent} [was waiting|came to them]. It was the mother!'],
      [
        'The {stray} ran to its mother, and both were [very happy|happy again].',
        '[{Hero}|The {trait} {kind}] put the {stray} down, and it ran to its mother.',
      ],
      sometimes(
        '"[Goodbye|Stay with your mother], little {stray}!" said {hero}.',
        '"You were right, {friend}," said [{hero}|the {trait} {kind}]. "Now the {stray} is [safe|home]."',
      ),
      [
        `Then {hero} and {friend} [walked|went] ${TO_HOME}. They were [happy|glad] that they had helped.`,
        'From that day on, they went to {stray.home} every day, and the {stray} always ran to meet them.',
        'After that, the {stray} never ran away from {stray.home} again.',
      ],
    ],
  },
  {
    name: 'building',
    slots: { ...weatherFor('project'), project: { values: events.PROJECTS }, number: { values: words.NUMBERS } },
    beats: [
      opening(`went to {project.place} with ${FRIEND}`),
      [
        '"Let us build {project.a}!" said [{hero}|the {trait} {kind}]. {Friend} [thought that this was a good idea|clapped and said yes].',
        'They wanted to build {project.a}. "It will be the best {project} [of all|in the world]," said [{hero}|the {trait} {kind}].',
      ],
      [
        'They worked [hard|together] for {number} hours until the {project} was ready.',
        'They built the {project}, and after {number} hours it was ready.',
      ],
      ['But [then|suddenly], {project.event}.', 'They were very proud of it. [Then|Suddenly], {project.event}.'],
      [
        '"[Oh no|Oh dear]! Our {project} is gone!" [cried|said] {friend}.',
        '{Friend} [began to cry|wanted to give up]. "We worked for {number} hours, and now our {project} is gone!" {friend.he} said.',
      ],
      [
        '[{Hero}|The {trait} {kind}] thought for a while. "{project.reason}," {hero.he} said. "Let us [try|build it] again."',
        '"{project.reason}," said [{hero}|the {trait} {kind}]. "[This time|Now] we will do it better."',
      ],
      [
        'So they built the {project} again, this time {project.plan}.',
        'They built [a new|another] {project}, this time {project.plan}.',
      ],
      sometimes(
        'After {number} more hours, it was even [bigger|better] than before.',
        'And this time the {project} stayed.',
      ),
      sometimes(
        '"[You were right|We did it], {hero}," said {friend} [happily|with a smile].',
        '{Friend} hugged {hero}. "I am glad that we did not give up," {friend.he} said.',
      ),
      [
        `In the evening, they [walked|went] ${TO_HOME}, [tired but happy|tired and very proud].`,
        'They played there every day, and the {project} was the best in the world.',
        'From that day on, {hero} and {friend} [always thought before they built|built many things together].',
      ],
    ],
  },
  {
    name: 'a seed',
    slots: {
      ...weather('sunny', 'bright', 'warm', 'cool'),
      seed: { values: events.SEEDS },
      pest: { values: events.PESTS },
      elder: { values: words.ELDERS },
      number: { values: words.NUMBERS },
    },
    beats: [
      opening('got a [small|tiny] {seed} seed from {hero.his} {elder}'),
      sometimes(
        '"[If you take|Take] good care of it[, it will grow|]," said {hero.his} {elder}.',
        '"Put it in the garden and wait for {number} days," said {hero.his} {elder}.',
      ),
      [
        `{Hero} [planted it|put it] in the garden with ${FRIEND}. Every day, they looked [for a green leaf|at the ground].`,
        `Together with ${FRIEND}, {hero} planted it in the garden. Then they waited for {number} days.`,
      ],
      [
        'After {number} days, a [small|tiny] {seed} plant came out of the ground, and it grew [every day|fast].',
        'And after {number} days, there was a [small|tiny] {seed} plant.',
      ],
      ['But then {pest.event}.', 'Everything went well until {pest.event}.'],
      sometimes(
        '"[Oh no|Oh dear]! What is wrong with our {seed} plant?" [cried|asked] {friend}.',
        '"[Oh no|Oh dear]! Look at our {seed} plant!" [cried|said] {friend}.',
      ),
      [
        '"{pest.reason}," said [{hero}|the {trait} {kind}]. "[We can help it|I know what to do]."',
        '[{Hero}|The {trait} {kind}] looked at it. "{pest.reason}," {hero.he} said.',
      ],
      ['So they {pest.help}.', 'They did not wait and {pest.help}.'],
      [
        '[Soon|After a while], the plant was strong again, and in the [summer|autumn] there was a beautiful {seed}.',
        'That helped, and in the [summer|autumn] they had a beautiful {seed}.',
      ],
      [
        '[{Hero}|The {trait} {kind}] and {friend} were very proud, and together they {seed.use}.',
        '{Hero} [thanked|called] {hero.his} {elder}, and together they {seed.use}.',
        `They took the {seed} ${TO_HOME} and {seed.use}.`,
      ],
    ],
  },
  {
    name: 'a present',
    slots: {
      ...weather('sunny', 'bright', 'cool', 'cold'),
      present: { values: events.PRESENTS },
      look: {
        values: words.LOOKS.filter(({ text }) => !['old', 'new', 'wooden', 'soft', 'warm'].includes(text)),
      },
    },
    beats: [
      opening(`wanted to make a present. [It was for|Soon it was the birthday of] ${FRIEND}`),
      sometimes(
        '"What can I give {friend.him}?" thought [{hero}|the {trait} {kind}].',
        '"I [want to|must] find the best present for {friend.him}," thought [{hero}|the {trait} {kind}].',
      ),
      [
        '{Hero.he} thought for a [long time|while]. {Friend} loved {present.loves}. Then {hero.he} had an idea!',
        '{Hero.he} knew that {friend} loved {present.loves}. That gave {hero.him} an idea.',
      ],
      [
        '[So|Then] {hero} made {look.a} {present} {present.made}.',
        'All {time}, {hero} worked. {Hero.he} made {look.a} {present} {present.made}.',
      ],
      sometimes('It was [hard|hard work], but {hero.he} did not give up, and at last the {present} was ready.'),
      [
        'The next morning, {hero} put the {look} {present} in a box and took it to {friend}.',
        'The next morning, {hero} went to {friend} with the {look} {present} in {hero.his} hands.',
      ],
      sometimes(
        '"Happy birthday, {friend}!" [called|said] [{hero}|the {trait} {kind}].',
        '"This is for you, because you love {present.loves}," said [{hero}|the {trait} {kind}].',
      ),
      [
        '{Friend} [clapped|was so happy]. "A {present}! [You made it for me|I always wanted one]!" {friend.he} said.',
        '"A {present}! [You made it for me|I always wanted one]!" [cried|called] {friend}.',
      ],
      sometimes(
        '{Friend.he} [thanked|hugged] {hero}, took the {look} {present} and {present.use}.',
        '[Right away|At once], {friend} {present.use}.',
      ),
      [
        'It was the [best|nicest] present of all, because {hero} had made it {hero.himself}.',
        '{Friend} kept the {look} {present} for [many years|a long time].',
        `In the evening, {hero} walked ${TO_HOME} and was [as happy as|even happier than] {friend}.`,
      ],
    ],
  },
];

/** @type {readonly Plot[]} */
export const PLOTS = SOURCES.map(({ name, slots, beats }) => {
  const plot = {
    name,
    slots: { ...COMMON, ...slots },
    beats: withMood(beats).map((paraphrases, i) => toNode(paraphrases, i > 0 ? ' ' : '')),
  };
  expectKnownForms(plot);
  return plot;
});

function withMood(/** @type {readonly (readonly string[])[]} */ [first = [], ...others]) {
  return [first, MOOD, ...others];
}

/** The paraphrases of a beat, each set apart from what came before; an empty one leaves the beat out. */
function toNode(/** @type {readonly string[]} */ paraphrases, /** @type {string} */ separator) {
  const onOneLine = paraphrases.map((it) => it.replace(/\s*\n\s*/g, ''));
  return parseTemplate(`[${onOneLine.map((it) => (it === '' ? '' : separator + it)).join('|')}]`);
}

/** A misspelt slot or form shows when the plots are loaded, not in one story of a thousand. */
function expectKnownForms(/** @type {Plot} */ { name, slots, beats }) {
  for (const leaf of beats.flatMap((beat) => [...leaves(beat, slots)])) {
    if (leaf.kind !== 'slot') continue;
    const values = slots[leaf.slot]?.values ?? [];
    if (values.length === 0 || values.some((value) => value[leaf.form] === undefined)) {
      throw new ReferenceError(`Cannot read plot "${name}": not every ${leaf.slot} has the form "${leaf.form}"`);
    }
  }
}
