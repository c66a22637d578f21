/** The page's one style sheet. Charts take their colours from its variables. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #1d1c1a; --muted: #625e57; --faint: #d6d1c7; --rule: #e9e5dc;
  --accent: #0b6885; --wash: #f3f0e9;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", Georgia, Cambria, "Times New Roman", serif;
  --sans: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #ebe8e1; --muted: #a8a49b; --faint: #454a50; --rule: #2a2e33;
    --accent: #5fc3e0; --wash: #1d2024;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); }
main, body > header, body > footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
a { color: var(--accent); }
h1, h2, .standfirst { font-family: var(--serif); font-weight: 700; text-wrap: balance; }
h1 { font-size: clamp(1.9rem, 1.3rem + 2.4vw, 3rem); line-height: 1.12; letter-spacing: -0.015em; margin: 0 0 18px; max-width: 22em; }
h2 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 8px; }
h3 { font-size: 0.95rem; line-height: 1.3; margin: 30px 0 10px; }
h4 { font-size: 0.85rem; line-height: 1.3; margin: 0 0 2px; overflow-wrap: anywhere; }
p { margin: 0 0 12px; }
.kicker { color: var(--accent); font-size: 0.78rem; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; margin: 44px 0 12px; }
.standfirst { font-weight: 400; font-size: clamp(1.12rem, 1rem + 0.55vw, 1.4rem); line-height: 1.45; max-width: 44em; margin: 0 0 26px; text-wrap: pretty; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 210px), 1fr)); gap: 14px 28px; border-top: 1px solid var(--ink); margin: 0; padding: 14px 0 0; font-size: 0.88rem; }
dl.facts div { min-width: 0; }
@media (min-width: 760px) { dl.facts .long { grid-column: span 2; } }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font-family: var(--mono); }
dd code { font-size: 0.92em; }
.claims { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 270px), 1fr)); gap: 28px 40px; margin: 52px 0 0; }
.claim { border-top: 3px solid var(--accent); padding-top: 12px; }
.claim h2 { font: 600 0.9rem/1.35 var(--sans); margin: 0; }
.claim .big { font: 700 3.3rem/1.1 var(--serif); letter-spacing: -0.02em; font-variant-numeric: lining-nums; margin: 4px 0 2px; }
.claim .bounds { color: var(--muted); font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.claim p:last-child { font-size: 0.92rem; }
.verdict { background: var(--wash); padding: 24px 28px; margin: 52px 0 0; }
.verdict h2 { margin-bottom: 10px; }
.verdict .advice { font-size: 1.1rem; font-weight: 600; max-width: 50em; }
.verdict ul { margin: 0; padding-left: 1.1em; max-width: 60em; }
.verdict li { margin: 0 0 4px; }
section { margin: 72px 0 0; padding-top: 18px; border-top: 1px solid var(--ink); }
.words p { color: var(--muted); font-size: 0.92rem; max-width: 44em; }
.figure { min-width: 0; }
.figure > h3:first-child { margin-top: 0; }
@media (min-width: 1000px) {
  section:not(.full) { display: grid; grid-template-columns: 280px minmax(0, 1fr); gap: 52px; }
  section:not(.full) .words { position: sticky; top: 18px; align-self: start; }
}
svg.plot { display: block; width: 100%; height: auto; overflow: visible; font: 12px var(--sans); }
svg.plot text { white-space: pre; }
.wide { display: none; }
@media (min-width: 760px) { .wide { display: block; } .narrow { display: none; } }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); gap: 30px 26px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 30px 40px; }
.panel { min-width: 0; max-width: 420px; }
.panel svg { margin-top: 6px; }
.note { color: var(--muted); font-size: 0.8rem; font-variant-numeric: tabular-nums; margin: 0; }
.scroll {
  overflow-x: auto; margin: 26px 0 0;
  /* A shadow where there is more to the side: the paper that hides it scrolls along. */
  background:
    linear-gradient(to left, var(--paper) 30%, transparent) 100% 0 / 48px 100% local no-repeat,
    linear-gradient(to left, color-mix(in srgb, var(--ink) 24%, transparent), transparent) 100% 0 / 14px 100% scroll no-repeat;
}
tbody th, thead th:first-child { position: sticky; left: 0; background: var(--paper); }
table { border-collapse: collapse; width: 100%; font-size: 0.81rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: 8px; }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: baseline; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; white-space: normal; min-width: 4.6em; }
tbody th { font-weight: 400; }
.text { text-align: left; } .number { text-align: right; }
.emphasis > * { color: var(--accent); }
.better { color: var(--accent); }
details { margin: 16px 0 0; }
summary { cursor: pointer; color: var(--muted); font-size: 0.85rem; }
summary:hover { color: var(--ink); }
details .scroll { margin-top: 14px; }
details > .scroll:only-of-type caption { display: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
.example { border-top: 1px solid var(--rule); padding: 16px 0 24px; }
.example header { display: flex; flex-wrap: wrap; gap: 2px 24px; justify-content: space-between; font-size: 0.88rem; }
.example header p { margin: 0 0 10px; min-width: 0; overflow-wrap: anywhere; }
.example header span { color: var(--muted); }
.change { font-variant-numeric: tabular-nums; }
.sources { display: grid; gap: 16px 24px; }
.sources > div { min-width: 0; }
@media (min-width: 900px) { .sources { grid-template-columns: minmax(0, 1.25fr) repeat(2, minmax(0, 1fr)); } }
pre { background: var(--wash); margin: 4px 0 0; padding: 12px 14px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.76rem; line-height: 1.5; tab-size: 4; }
pre .dim { color: var(--muted); }
pre b { font-weight: 600; color: var(--accent); }
mark { background: none; color: inherit; text-decoration: underline 2px var(--accent); text-underline-offset: 3px; }
mark.gap { border-left: 2px solid var(--accent); }
body > footer { color: var(--muted); font-size: 0.85rem; margin-top: 72px; padding-bottom: 60px; }
body > footer ul { padding-left: 1.1em; max-width: 60em; }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #444; --faint: #ccc; --rule: #ddd; --accent: #0b6885; --wash: #f4f4f4; }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section:not(.full) { display: block; margin-top: 28px; }
  .panel, .example, .claim, .verdict, tr { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .scroll { overflow: visible; background: none; }
  table { font-size: 7.5pt; }
  th, td { padding-right: 8px; white-space: normal; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
