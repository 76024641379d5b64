// What may happen, as chains of cause and effect: each value keeps together what belongs together. Forms are templates.
import { value } from './story-vocabulary.mjs';

/** How a thing gets out of reach, and what gets it back. `thing` is the thing that it can happen to. */
export const MISHAPS = [
  value('kite in tree', {
    thing: 'kite',
    place: 'the field',
    happens: 'a strong wind blew the {thing} into a tall tree',
    stuck: 'stuck in the branches',
    tool: 'a ladder',
    rescue: 'climbed the ladder and pulled the {thing} out of the branches',
    lesson: 'far away from trees',
  }),
  value('kite on roof', {
    thing: 'kite',
    place: 'the yard',
    happens: 'the string slipped and the {thing} fell on the roof',
    stuck: 'lying on the roof',
    tool: 'a long pole',
    rescue: 'pushed the {thing} off the roof with the pole',
    lesson: 'with the string around {hero.his} hand',
  }),
  value('ball on roof', {
    thing: 'ball',
    place: 'the yard',
    happens: '{friend} threw the {thing} too high and it landed on the roof',
    stuck: 'lying on the roof',
    tool: 'a long pole',
    rescue: 'pushed the {thing} off the roof with the pole',
    lesson: 'far away from the roof',
  }),
  value('ball in pond', {
    thing: 'ball',
    place: 'the hill',
    happens: 'the {thing} rolled down the hill and into a pond',
    stuck: 'floating in the pond',
    tool: 'a net',
    rescue: 'reached out with the net and pulled the {thing} out of the water',
    lesson: 'far away from the water',
  }),
  value('balloon in tree', {
    thing: 'balloon',
    place: 'the garden',
    happens: 'the string slipped and the {thing} flew up under a branch',
    stuck: 'stuck under a branch',
    tool: 'a ladder',
    rescue: 'climbed the ladder and caught the {thing} by its string',
    lesson: 'with the string around {hero.his} hand',
  }),
  value('boat in reeds', {
    thing: 'boat',
    place: 'the pond',
    happens: 'the water carried the {thing} into the reeds',
    stuck: 'stuck in the reeds',
    tool: 'a long stick',
    rescue: 'moved the reeds away with the stick until the {thing} was free',
    lesson: 'far away from the reeds',
  }),
  value('boat on pond', {
    thing: 'boat',
    place: 'the pond',
    happens: 'the wind pushed the {thing} out to the middle of the pond',
    stuck: 'floating too far away',
    tool: 'a net',
    rescue: 'reached out with the net and pulled the {thing} back to the shore',
    lesson: 'with the {thing} on a long string',
  }),
  value('wagon in mud', {
    thing: 'wagon',
    place: 'the hill',
    happens: 'the {thing} rolled down the hill and into deep mud',
    stuck: 'stuck in the mud',
    tool: 'a rope',
    rescue: 'tied the rope to the {thing} and pulled it out of the mud',
    lesson: 'far away from the mud',
  }),
  value('hat in river', {
    thing: 'hat',
    place: 'the bridge',
    happens: 'a strong wind blew the {thing} off {hero.his} head and into the river',
    stuck: 'floating on the river',
    tool: 'a net',
    rescue: 'reached out with the net and pulled the {thing} out of the water',
    lesson: 'far away from the river',
  }),
  value('hat in tree', {
    thing: 'hat',
    place: 'the field',
    happens: 'a strong wind blew the {thing} off {hero.his} head and into a tall tree',
    stuck: 'stuck in the branches',
    tool: 'a ladder',
    rescue: 'climbed the ladder and pulled the {thing} out of the branches',
    lesson: 'far away from trees',
  }),
];

/** Why somebody needs help, what helps, and what comes of it. */
export const TROUBLES = [
  value('basket', {
    cause: 'had picked too many apples',
    trouble: 'could not lift the heavy basket',
    help: 'took one side of the basket, and together they carried it home',
    gift: 'a sweet apple',
  }),
  value('cart', {
    cause: 'had driven through the mud',
    trouble: 'could not move the cart',
    help: 'put flat stones under the wheel and pushed until the cart was free',
    gift: 'a ride on the cart',
  }),
  value('foot', {
    cause: 'had fallen over a root',
    trouble: 'could not walk on the sore foot',
    help: 'found a strong stick to lean on, and they walked home very slowly',
    gift: 'a cup of hot tea',
  }),
  value('sheep', {
    cause: 'had left the gate open',
    trouble: 'could not find the sheep',
    help: 'followed the small tracks and led the sheep back through the gate',
    gift: 'a ball of soft wool',
  }),
  value('wood', {
    cause: 'had burned the last piece of wood',
    trouble: 'could not keep the house warm',
    help: 'gathered dry wood until there was enough for the night',
    gift: 'a bowl of hot soup',
  }),
];

/** What a hero wanted to do before something came in between. */
export const PLANS = [
  value('swim in the lake', { end: 'swimming' }),
  value('fish in the river', { end: 'fishing' }),
  value('climb the hill', { end: 'climbing' }),
  value('play in the forest', { end: 'playing' }),
  value('pick berries', { end: 'picking berries' }),
];

/** What helps against hunger pays back: what the other may need later, and what helps then. */
export const FAVOURS = [
  value('umbrella', {
    need: 'it began to rain, and {hero} had no coat',
    offer: 'held {friend.his} umbrella over both of them',
    result: 'they stayed dry',
  }),
  value('blanket', {
    need: 'a cold wind came, and {hero} began to shiver',
    offer: 'put {friend.his} blanket around both of them',
    result: 'they stayed warm',
  }),
  value('lantern', {
    need: 'it grew dark, and {hero} could not see the path',
    offer: 'lit {friend.his} lantern for both of them',
    result: 'they found the way home',
  }),
];

/** How a meal is lost. */
export const LOST_MEALS = [
  value('left', { cause: 'had left {friend.his} lunch at home' }),
  value('dropped', { cause: 'had dropped {friend.his} lunch in the mud' }),
  value('gave', { cause: 'had given {friend.his} lunch to a hungry dog' }),
  value('lost', { cause: 'had lost {friend.his} lunch on the way' }),
];

/** Who gives work, and which; `he` is a pronoun of the boss. */
export const JOBS = [
  value('baker', { he: 'she', work: 'carried bags of flour', pay: 'carry my bags of flour' }),
  value('farmer', { he: 'he', work: 'picked apples', pay: 'pick my apples' }),
  value('gardener', { he: 'she', work: 'watered the flowers', pay: 'water my flowers' }),
  value('fisherman', { he: 'he', work: 'washed the nets', pay: 'wash my nets' }),
  value('shepherd', { he: 'he', work: 'looked after the sheep', pay: 'look after my sheep' }),
];

/** Where a storm may find somebody, and where there is shelter. */
export const OUTINGS = [
  value('pick berries', {
    place: 'the forest',
    doing: 'picking berries',
    shelter: 'a dry cave',
    hiding: 'the dry cave',
  }),
  value('gather nuts', {
    place: 'the forest',
    doing: 'gathering nuts',
    shelter: 'a hollow tree',
    hiding: 'the hollow tree',
  }),
  value('find shells', {
    place: 'the beach',
    doing: 'looking for shells',
    shelter: 'an old boat house',
    hiding: 'the old boat house',
  }),
  value('catch fish', {
    place: 'the lake',
    doing: 'catching fish',
    shelter: 'an old boat house',
    hiding: 'the old boat house',
  }),
  value('fly kites', { place: 'the field', doing: 'flying kites', shelter: 'the barn', hiding: 'the barn' }),
  value('roll down the grass', {
    place: 'the hill',
    doing: 'rolling down the grass',
    shelter: 'a dry cave',
    hiding: 'the dry cave',
  }),
];

/** What helps against fear. */
export const COMFORTS = [
  value('sing', { offer: 'sing a song', did: 'sang every song they knew', end: 'the last song' }),
  value('tell', { offer: 'tell a story', did: 'told a long story about a dragon', end: 'the end of the story' }),
  value('play', { offer: 'play a game', did: 'played a game with small stones', end: 'the last stone' }),
];

/** What can be learned: how it goes wrong, what to do, and how it is done. */
export const SKILLS = [
  value('swim', {
    place: 'the lake',
    weathers: ['hot', 'warm', 'sunny'],
    fail: 'sank and swallowed a lot of water',
    advice: 'Kick your legs and keep your head up',
    follow: 'kicked {hero.his} legs and kept {hero.his} head up',
    success: 'swam all the way across the lake',
  }),
  value('skate', {
    place: 'the frozen pond',
    weathers: ['cold', 'snowy'],
    fail: 'slipped and fell down on the ice',
    advice: 'Bend your knees and look ahead',
    follow: 'bent {hero.his} knees and looked ahead',
    success: 'skated all the way around the pond',
  }),
  value('ride a bicycle', {
    place: 'the long road',
    weathers: ['sunny', 'bright', 'cool', 'cloudy'],
    fail: 'tipped over and fell into the grass',
    advice: 'Look ahead and do not stop turning the pedals',
    follow: 'looked ahead and did not stop turning the pedals',
    success: 'rode all the way to the end of the road',
  }),
  value('bake bread', {
    place: 'the kitchen',
    weathers: ['cold', 'snowy', 'cloudy', 'cool'],
    fail: 'took it out too early, and it was flat and wet',
    advice: 'Let the bread rest and give it time',
    follow: 'let the bread rest and gave it time',
    success: 'took a round brown bread out of the oven',
  }),
  value('play the flute', {
    place: 'the garden',
    weathers: ['sunny', 'bright', 'warm', 'cloudy'],
    fail: 'blew too hard, and the flute only squeaked',
    advice: 'Blow softly and move your fingers slowly',
    follow: 'blew softly and moved {hero.his} fingers slowly',
    success: 'played a whole song from beginning to end',
  }),
  value('sail a boat', {
    place: 'the bay',
    weathers: ['windy'],
    fail: 'turned the wrong way, and the sail fell down',
    advice: 'Feel the wind and hold the rope tight',
    follow: 'felt the wind and held the rope tight',
    success: 'sailed all the way across the bay',
  }),
];

/** How a borrowed thing is damaged, and how that is mended. */
export const ACCIDENTS = [
  value('kite', {
    event: 'flew it too close to a bush, and the {thing} tore',
    damage: 'torn',
    repair: 'closed the hole with paper and glue',
    proof: 'flew even higher than before',
  }),
  value('boat', {
    event: 'pushed it too hard against a rock, and the mast broke',
    damage: 'broken',
    repair: 'carved a new mast from a stick',
    proof: 'floated even better than before',
  }),
  value('wagon', {
    event: 'rode it too fast down a hill, and a wheel came off',
    damage: 'broken',
    repair: 'put the wheel back with a new nail',
    proof: 'rolled even faster than before',
  }),
  value('drum', {
    event: 'hit it too hard with a stone, and the skin tore',
    damage: 'torn',
    repair: 'put a new skin on it',
    proof: 'sounded even louder than before',
  }),
  value('doll', {
    event: 'pulled it too hard over a fence, and an arm came off',
    damage: 'broken',
    repair: 'sewed the arm back with strong thread',
    proof: 'looked even nicer than before',
  }),
  value('book', {
    event: 'read it too close to the pond, and the {thing} fell in',
    damage: 'wet',
    repair: 'dried every page by the fire',
    proof: 'could be read again from the first page to the last',
  }),
  value('scarf', {
    event: 'ran too close to a fence, and the {thing} tore on a nail',
    damage: 'torn',
    repair: 'sewed it with strong thread',
    proof: 'looked even nicer than before',
  }),
];

/** Young animals that lost their way: what shows where they belong, and who waits there. */
export const STRAYS = [
  value('duckling', { cries: 'peeped', clue: 'Its feet are wet', home: 'the pond', parent: 'a big brown duck' }),
  value('kitten', { cries: 'cried', clue: 'It has straw in its fur', home: 'the barn', parent: 'a grey cat' }),
  value('lamb', { cries: 'cried', clue: 'It has grass on its nose', home: 'the meadow', parent: 'a white sheep' }),
  value('puppy', { cries: 'cried', clue: 'It has flour on its nose', home: 'the mill', parent: 'a big brown dog' }),
];

/** What can be built, what brings it down, and how it stands in the end. */
export const PROJECTS = [
  value('sand castle', {
    place: 'the beach',
    weathers: ['sunny', 'warm', 'hot'],
    event: 'a big wave came and washed it away',
    reason: 'We built it too close to the water',
    plan: 'far away from the water',
  }),
  value('snowman', {
    place: 'the yard',
    weathers: ['snowy', 'cold'],
    event: 'the sun came out and its head melted',
    reason: 'We built it in the sun',
    plan: 'in the cool shade of the barn',
  }),
  value('tower', {
    place: 'the yard',
    weathers: ['sunny', 'bright', 'cool', 'cloudy'],
    event: 'it leaned to one side and fell down',
    reason: 'The stones at the bottom were too small',
    plan: 'with big flat stones at the bottom',
  }),
  value('tent', {
    place: 'the garden',
    weathers: ['windy'],
    event: 'a strong wind came and blew it over',
    reason: 'We did not tie it to the ground',
    plan: 'with strong ropes and heavy stones',
  }),
  value('tree house', {
    place: 'the forest',
    weathers: ['sunny', 'bright', 'warm', 'cool'],
    event: 'a board broke and the floor fell down',
    reason: 'The boards were too thin',
    plan: 'with thick boards and longer nails',
  }),
];

/** What may be sown, and what it is good for. */
export const SEEDS = [
  value('pumpkin', { use: 'cooked a big pot of soup from it' }),
  value('melon', { use: 'cut it open and ate it in the shade' }),
  value('sunflower', { use: 'fed the birds with its seeds' }),
  value('rose', { use: 'put it on the table for everyone to see' }),
  value('cabbage', { use: 'cooked a big pot of soup from it' }),
];

/** What may trouble a plant, and what helps. */
export const PESTS = [
  value('dry', {
    event: 'no rain fell for a week, and the leaves hung down',
    reason: 'It needs water',
    help: 'brought water from the well every evening',
  }),
  value('snails', {
    event: 'snails came at night and ate some of the leaves',
    reason: 'The snails are hungry',
    help: 'carried all the snails to the other side of the fence',
  }),
  value('weeds', {
    event: 'weeds grew all around it, and it stopped growing',
    reason: 'The weeds take all the light',
    help: 'pulled out all the weeds',
  }),
  value('wind', {
    event: 'a strong wind came, and the stem bent to the ground',
    reason: 'It needs something to lean on',
    help: 'tied the stem to a strong stick',
  }),
];

/** What somebody loves, the present that goes with it, and what is done with it at once. */
export const PRESENTS = [
  value('kite', { loves: 'windy days', made: 'of paper and thin sticks', use: 'flew it high above the field' }),
  value('boat', { loves: 'the water', made: 'of a piece of wood and a cloth', use: 'let it float on the pond' }),
  value('scarf', { loves: 'walks in the snow', made: 'of thick wool', use: 'put it on and went outside' }),
  value('bird house', { loves: 'birds', made: 'of old boards', use: 'hung it in a tree for the birds' }),
  value('drum', { loves: 'music', made: 'of a round box and a piece of skin', use: 'played a happy song on it' }),
];
