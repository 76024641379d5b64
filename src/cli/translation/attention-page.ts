import { type Alignment, alignTokens, alignWords, meanAttention } from '../../llm/alignment.ts';
import type { Prompt } from '../../llm/generate-options.ts';
import type { LLM } from '../../llm/llm.ts';
import type { TokenAttentions, Transduction } from '../../llm/transduction.ts';
import { promptText, textOfTokens } from '../choice-text.ts';
import { escapeHtml } from '../training/report/escape-html.ts';
import { bitmapUri } from './bitmap.ts';

/** Where a model looked while it wrote each target: one file of HTML that needs no network and no script. */
export function attentionPage(llm: LLM, sources: readonly Prompt[], made: readonly Transduction[]): string {
  const sections = made.map((one, i) => section(promptText(llm, sources[i]!), textOfTokens(llm, one.tokenIds), one));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cross-attention · Kvasir</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Where the model looked</h1>
<p class="lead">A row is a token that was written, a column a token of the source. The darker a field, the more the decoder
looked there when it chose the token; a ring marks the token that it looked at most.</p>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

const STYLE = `
body { margin: 0; background: #f7f7f5; color: #1c1d21; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { margin: 0; font-size: 26px; } h2 { font-size: 17px; margin: 0; } h3 { font-size: 14px; margin: 22px 0 6px; color: #63656e; }
.lead { color: #63656e; max-width: 62em; }
section { background: #fff; border: 1px solid #e6e6e2; border-radius: 10px; padding: 18px 20px; margin-top: 20px; overflow-x: auto; }
.target { margin: 2px 0 0; font-size: 17px; color: #12348c; }
table.map { border-collapse: collapse; font-size: 12px; }
table.map th { font-weight: 400; white-space: pre; }
table.map thead th { writing-mode: vertical-rl; transform: rotate(180deg); padding: 4px 0; text-align: left; }
table.map tbody th { text-align: right; padding-right: 8px; }
table.map td { width: 22px; min-width: 22px; height: 22px; padding: 0; border: 1px solid #fff; text-align: center; }
table.map td.best::after { content: ""; display: inline-block; width: 8px; height: 8px; border: 2px solid #d9622b; border-radius: 50%; vertical-align: middle; }
.words { display: flex; flex-wrap: wrap; gap: 6px; padding: 0; margin: 0; list-style: none; }
.words li { border: 1px solid #e6e6e2; border-radius: 6px; padding: 2px 8px; font-size: 13px; }
.words b { color: #12348c; font-weight: 600; } .words small { color: #a3a5ad; }
table.heads { border-collapse: separate; border-spacing: 8px; font-size: 12px; color: #63656e; }
table.heads th { font-weight: 400; }
table.heads img { display: block; width: 96px; height: 96px; image-rendering: pixelated; border: 1px solid #e6e6e2; }
`;

function section(source: string, target: string, { attentions }: Transduction): string {
  if (attentions === undefined || attentions.numTargets === 0)
    return `<section><h2>${escapeHtml(source)}</h2><p class="target">${escapeHtml(target)}</p></section>`;
  const words = alignWords(attentions)
    .map(({ source: from, target: to, weight }) => {
      const share = `<small>${Math.round(100 * weight)} %</small>`;
      return `<li>${escapeHtml(from.text)} → <b>${escapeHtml(to.text)}</b> ${share}</li>`;
    })
    .join('');
  const layer = Math.max(0, attentions.weights.length - 2);
  return `<section>
<h2>${escapeHtml(source)}</h2><p class="target">${escapeHtml(target)}</p>
${words === '' ? '' : `<h3>Words</h3><ul class="words">${words}</ul>`}
<h3>Mean of the heads of layer ${layer}</h3>${map(attentions)}
<h3>Every head</h3>${heads(attentions)}
</section>`;
}

/** The mean map, with the tokens beside it. */
function map(attentions: TokenAttentions): string {
  const { numSources, sourceTokens, targetTokens } = attentions;
  const mean = meanAttention(attentions);
  const best = alignTokens(attentions);
  const head = sourceTokens.map((token) => `<th>${escapeHtml(token)}</th>`).join('');
  const rows = targetTokens.map((token, row) => {
    const weights = mean.subarray(row * numSources, (row + 1) * numSources);
    return `<tr><th>${escapeHtml(token)}</th>${fields(weights, best[row]!)}</tr>`;
  });
  return `<table class="map"><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function fields(weights: Float32Array, best: Alignment): string {
  return Array.from(weights, (weight, column) => {
    const shade = `style="background:rgba(18,52,140,${weight.toFixed(3)})" title="${weight.toFixed(3)}"`;
    return `<td ${column === best.source ? 'class="best" ' : ''}${shade}></td>`;
  }).join('');
}

function heads({ weights, numSources }: TokenAttentions): string {
  const columns = weights[0]!.map((_, head) => `<th>head ${head}</th>`).join('');
  const rows = weights.map((maps, layer) => {
    const images = maps.map((values, head) => {
      const name = `layer ${layer}, head ${head}`;
      return `<td><img alt="${name}" title="${name}" src="${bitmapUri(values, numSources)}"></td>`;
    });
    return `<tr><th>layer ${layer}</th>${images.join('')}</tr>`;
  });
  return `<table class="heads"><tr><td></td>${columns}</tr>${rows.join('\n')}</table>`;
}
