import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChatTemplate, loadChatTemplate } from './chat-template.ts';

const TURNS = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
];
const ZEPHYR =
  "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] | trim }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}";
const of = (template: unknown, more: object = {}) =>
  new ChatTemplate({ location: 'here', tokenizerConfig: JSON.stringify({ chat_template: template, ...more }) });

test('writes a conversation with the special tokens of the configuration', () => {
  const template = of(ZEPHYR, { eos_token: { content: '</s>' } });
  expect(template.isAvailable).toBe(true);
  expect(template.render(TURNS)).toBe('<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\n');
  expect(template.render(TURNS, { addGenerationPrompt: false })).not.toContain('assistant');
});

test('takes the template of its own file first', () => {
  const tokenizerConfig = JSON.stringify({ chat_template: 'old', bos_token: '<s>' });
  const template = new ChatTemplate({ location: 'here', template: '{{ bos_token }}new', tokenizerConfig });
  expect(template.render([])).toBe('<s>new');
});

test('takes the template for tools if there are tools', () => {
  const template = of([
    { name: 'default', template: 'plain {{ tools is none }}' },
    { name: 'tool_use', template: '{{ tools[0].name }}' },
  ]);
  expect(template.render([])).toBe('plain true');
  expect(template.render([], { tools: [{ name: 'search' }] })).toBe('search');
});

test('passes further variables on', () => {
  expect(of('{{ enable_thinking }}').render([], { variables: { enable_thinking: false } })).toBe('false');
});

test("a template's own objection comes with the model's name", () => {
  const template = of("{% if messages[0].role != 'user' %}{{ raise_exception('Start with the user') }}{% endif %}");
  expect(() => template.render(TURNS)).toThrow('Cannot render the chat template of here: Start with the user');
});

test('a model without a template says what to do', () => {
  const template = new ChatTemplate({ location: 'here' });
  expect(template.isAvailable).toBe(false);
  expect(() => template.render(TURNS)).toThrow(
    'Cannot write a conversation for here: it has no chat template. Give it a chat_template.jinja, or continue a plain text instead',
  );
  expect(() => of([{ name: 'rag', template: '' }]).render(TURNS)).toThrow(
    'it has the chat templates "rag", wanted "default"',
  );
});

test.each<[config: string, message: string]>([
  ['{', 'Cannot read the tokenizer_config.json of here: '],
  ['[]', 'Cannot read the tokenizer_config.json of here: got [], wanted an object'],
  ['{"chat_template":7}', 'its chat_template is 7, wanted a string or a list of { name, template }'],
  ['{"chat_template":[{"name":"default"}]}', 'its chat_template is [{"name":"default"}], wanted'],
  ['{"chat_template":"{% if %}"}', 'Cannot read the chat template of here: '],
])('refuses the configuration %j', (tokenizerConfig, message) => {
  expect(() => new ChatTemplate({ location: 'here', tokenizerConfig })).toThrow(message);
});

test('loads from a folder, which may have neither file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  expect((await loadChatTemplate(folder)).isAvailable).toBe(false);
  await writeFile(join(folder, 'tokenizer_config.json'), '{"bos_token":"<s>"}');
  await writeFile(join(folder, 'chat_template.jinja'), '{{ bos_token }}{{ messages | length }}');
  expect((await loadChatTemplate(folder)).render(TURNS)).toBe('<s>2');
  await rm(folder, { recursive: true });
});
