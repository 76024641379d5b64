/** The style sheet of the report: light and dark by what the reader's system asks for, and on paper. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f7f7f5; --card: #ffffff; --ink: #1c1d21; --soft: #63656e; --faint: #a3a5ad; --rule: #e6e6e2;
  --first: #2f6fde; --second: #d9622b; --third: #2a8f6a; --raw: #2f6fde;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131417; --card: #1b1d21; --ink: #ececee; --soft: #a0a3ad; --faint: #6d7079; --rule: #2c2f36;
    --first: #7aa7ff; --second: #ff9b66; --third: #5fc9a0; --raw: #7aa7ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 28px; }
h1 { margin: 0; font-size: 28px; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 16px; font-weight: 600; }
h2 span { color: var(--soft); font-weight: 400; font-size: 13px; margin-left: 4px; }
.lead { margin: 6px 0 0; color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 16px; }
.figures div, section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.figures div { padding: 14px 16px; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { margin: 2px 0 0; font-size: 24px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.figures small { display: block; color: var(--soft); font-size: 12px; font-weight: 400; letter-spacing: 0; }
section { padding: 18px 20px; margin-bottom: 16px; }
.trio { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 16px; margin-bottom: 16px; }
.trio section { margin: 0; padding: 16px 14px 10px; }
.head { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; justify-content: space-between; margin-bottom: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0; padding: 0; list-style: none; color: var(--soft); font-size: 13px; }
.legend i { display: inline-block; width: 16px; height: 3px; margin-right: 6px; border-radius: 2px; vertical-align: middle; background: var(--first); }
.legend .raw { opacity: 0.35; }
.legend .second { background: var(--second); }
.wide { overflow-x: auto; } .wide .chart { min-width: 640px; }
.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
.chart .label { fill: var(--ink); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.grid { stroke: var(--rule); } .axis { stroke: var(--faint); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.raw { stroke: var(--raw); stroke-width: 1; opacity: 0.3; }
.line.first { stroke: var(--first); } .line.second { stroke: var(--second); } .line.third { stroke: var(--third); }
.dot { stroke: var(--card); stroke-width: 1.5; }
.dot.raw, .dot.first { fill: var(--first); } .dot.second { fill: var(--second); } .dot.third { fill: var(--third); }
.ring { fill: none; stroke: var(--second); stroke-width: 2; }
.sample { margin: 12px 0 0; }
.sample figcaption, summary { color: var(--soft); font-size: 13px; }
summary { cursor: pointer; margin-top: 14px; }
pre {
  margin: 6px 0 0; padding: 12px 14px; background: var(--page); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
pre b { font-weight: 600; color: var(--first); }
.settings { columns: 300px; column-gap: 32px; margin: 12px 0 0; font-size: 13px; }
.settings div { display: flex; justify-content: space-between; gap: 16px; padding: 4px 0; border-bottom: 1px solid var(--rule); break-inside: avoid; }
.settings dt { color: var(--soft); white-space: nowrap; }
.settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; margin-top: 10px; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 0 5px 16px; text-align: right; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
tr.best td { font-weight: 600; }
footer { color: var(--soft); font-size: 13px; margin-top: 24px; }
@media print { body { background: none; } section, .figures div { break-inside: avoid; } details > * { display: block; } }
`;
