/**
 * The stories of a file's text: plain text with blank lines between stories, JSON Lines, or JSON as `kvasir generate --json`
 * prints it, one object or a list. An object has its story in `text`; a `prompt`, its own or else the given one, comes before
 * it, and several `choices` are several stories.
 * @returns {string[]}
 */
export function readStories(/** @type {string} */ content, /** @type {string} */ prompt = '') {
  if (!/^\s*[{[]/.test(content)) return splitText(content).map((text) => prompt + text);
  return parseRecords(content).flatMap((record, i) => storiesOf(record, prompt, i));
}

function splitText(/** @type {string} */ content) {
  return content.split(/\r?\n(?:[ \t]*\r?\n)+/).filter((text) => text.trim() !== '');
}

/** @returns {unknown[]} */
function parseRecords(/** @type {string} */ content) {
  try {
    return [JSON.parse(content)].flat();
  } catch {
    const lines = content.split('\n').map((line, i) => ({ line, number: i + 1 }));
    return lines.filter(({ line }) => line.trim() !== '').map(({ line, number }) => parseLine(line, number));
  }
}

function parseLine(/** @type {string} */ line, /** @type {number} */ number) {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`Cannot read line ${number} as JSON: ${error.message}`);
  }
}

/** @type {(record: any, prompt: string, i: number) => string[]} */
function storiesOf(record, prompt, i) {
  const texts = [record?.choices ?? record].flat().map((it) => it?.text);
  if (!texts.every((text) => typeof text === 'string')) {
    throw new TypeError(`Cannot read record ${i + 1}: it has no string "text"`);
  }
  return texts.map((text) => (record.prompt ?? prompt) + text);
}
