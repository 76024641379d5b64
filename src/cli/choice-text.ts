import type { GenerationResult } from '../decoding/generation-output.ts';
import type { Prompt } from '../llm/generate-options.ts';
import type { Generation } from '../llm/generation.ts';
import type { LLM } from '../llm/llm.ts';
import { formatTable } from './format.ts';
import { textOfToken } from './generation-json.ts';
import type { Terminal } from './terminal.ts';

/** The text of a prompt, or of its tokens. */
export function promptText(llm: LLM, prompt: Prompt): string {
  return typeof prompt === 'string' ? prompt : textOfTokens(llm, prompt);
}

/** A model without a tokenizer has no text: its tokens' ids stand for it. */
export function textOfTokens(llm: LLM, tokenIds: readonly number[]): string {
  return llm.tokenizer?.decode(tokenIds) ?? tokenIds.map((id) => `${id} `).join('');
}

/** Which texts are written, and how. */
export interface ChoiceStyle {
  readonly llm: LLM;
  readonly prompt: Prompt;
  /** Number of the prompt, from 1; undefined if it is the only one. */
  readonly promptNumber: number | undefined;
  /** Whether the prompt stands before the text. */
  readonly echo: boolean;
}

/** Writes all texts of a generation, each under its number, with its score if it has one. */
export function writeChoices(terminal: Terminal, { choices }: Generation, style: ChoiceStyle): void {
  for (const [i, choice] of choices.entries()) {
    if (i > 0 || (style.promptNumber ?? 1) > 1) terminal.write('\n');
    const number = choices.length === 1 ? undefined : i + 1;
    terminal.write(`${terminal.colors.bold(heading(terminal, choice, number, style))}\n`);
    writeChoice(terminal, choice, style);
  }
}

/** `[2.1] "The sea is" · score -1.2345` */
function heading(
  terminal: Terminal,
  { score }: GenerationResult,
  number: number | undefined,
  { llm, prompt, promptNumber }: ChoiceStyle,
): string {
  const numbers = [promptNumber, number].filter((part) => part !== undefined);
  const parts: string[] = [];
  if (promptNumber !== undefined) parts.push(JSON.stringify(excerpt(terminal.printable(promptText(llm, prompt)))));
  if (score !== undefined) parts.push(`score ${score.toFixed(4)}`);
  return `[${numbers.join('.')}] ${parts.join(' · ')}`.trimEnd();
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function writeChoice(terminal: Terminal, { text, tokenIds, logProbs }: GenerationResult, style: ChoiceStyle): void {
  const { llm, prompt, echo } = style;
  if (echo) writePrompt(terminal, llm, prompt);
  const whole = llm.tokenizer === undefined ? textOfTokens(llm, tokenIds) : text;
  terminal.write(`${terminal.printable(whole)}\n`);
  writeLogProbs(terminal, llm, logProbs);
}

/** Writes a prompt so that it can be told from the text after it. */
export function writePrompt(terminal: Terminal, llm: LLM, prompt: Prompt): void {
  terminal.write(terminal.colors.dim(terminal.printable(promptText(llm, prompt))));
}

/** Writes a table of the log probabilities, if they were asked for. */
export function writeLogProbs(terminal: Terminal, llm: LLM, logProbs: GenerationResult['logProbs']): void {
  if (logProbs === undefined) return;
  const show = (id: number) => JSON.stringify(textOfToken(llm, id) ?? id);
  const rows = logProbs.map(({ tokenId, logProb, topLogProbs }) => [
    logProb.toFixed(4),
    show(tokenId),
    topLogProbs.map((other) => `${show(other.tokenId)} ${other.logProb.toFixed(4)}`).join('  '),
  ]);
  const head = ['log P', 'token', rows.some(([, , others]) => others !== '') ? 'likeliest' : ''];
  terminal.write(`\n${formatTable([head, ...rows], [0])}`);
}
