import { gainOf, points, type Examples } from '../analysis/index.js';
import type { HoleResult } from '../results.js';
import { markup, type Html } from './html.js';
import { kindName } from './names.js';

/** An example is to be read at a glance. */
const LINES_BEFORE = 8;
const LINES_AFTER = 3;
const LINES = 24;
const CHARS = 2400;

/** The holes that context helped and hurt most: what was there, what was written without and with it. */
export function examplesHtml({ helped, hurt }: Examples): Html {
  if (helped.length + hurt.length === 0) {
    return markup`<p>Context changed nothing at any hole: there is no example to show.</p>`;
  }
  return markup`${group('Helped most', helped)}${group('Hurt most', hurt)}`;
}

function group(title: string, holes: readonly HoleResult[]): Html {
  return markup`<h3>${title}</h3>
    ${holes.length === 0 ? markup`<p>None.</p>` : holes.map(example)}`;
}

function example(hole: HoleResult): Html {
  const without = hole.outcomes[0];
  const withAll = hole.outcomes.at(-1) ?? without;
  const of = (text: string) => `${text}, ${hole.path}`;
  return markup`<article class="example">
    <header>
      <p><b>${hole.path}</b> <span>${hole.repository} · ${kindName(hole.kind)}</span></p>
      <p class="change">
        ${without.editSimilarity.toFixed(0)} → ${withAll.editSimilarity.toFixed(0)}
        <span>(${points(gainOf(hole))})</span>
      </p>
    </header>
    <div class="sources">
      ${source('What was there', of('What was there'), markup`<span class="dim">${lastLines(hole.before)}</span><b>${shorten(hole.middle)}</b><span class="dim">${firstLines(hole.after)}</span>`)}
      ${source('Without context', of('Without context'), marked(without.text, hole.middle))}
      ${source('With context', of('With context'), marked(withAll.text, hole.middle))}
    </div>
    ${hole.context.map(
      ({ path, startLine, text }) =>
        markup`<details>
          <summary>Context from ${path}, line ${startLine + 1}</summary>
          ${code(`Context from ${path}`, markup`${shorten(text)}`)}
        </details>`,
    )}
  </article> `;
}

function source(title: string, label: string, content: Html): Html {
  return markup`<div>
    <h4>${title}</h4>
    ${code(label, content)}
  </div>`;
}

function code(label: string, content: Html): Html {
  return markup`<pre aria-label="${label}"><code>${content}</code></pre>`;
}

/** What differs from the truth, between what both begin and end with, is marked. */
function marked(text: string, truth: string): Html {
  const shown = shorten(text);
  if (shown === truth) return markup`${shown}`;
  if (shown === '') return markup`<i>nothing</i>`;
  const [mine, theirs] = [[...shown], [...truth]];
  let start = 0;
  while (start < mine.length && start < theirs.length && mine[start] === theirs[start]) start++;
  let end = 0;
  const most = Math.min(mine.length, theirs.length) - start;
  while (end < most && mine[mine.length - 1 - end] === theirs[theirs.length - 1 - end]) end++;
  const part = (from: number, to: number) => mine.slice(from, to).join('');
  const middle = part(start, mine.length - end);
  return markup`${part(0, start)}${middle === '' ? markup`<mark class="gap" title="something is missing here"></mark>` : markup`<mark>${middle}</mark>`}${part(mine.length - end, mine.length)}`;
}

function shorten(text: string): string {
  const lines = text.split('\n');
  const kept = lines.slice(0, LINES).join('\n').slice(0, CHARS);
  return kept.length < text.length ? `${kept}\n…` : kept;
}

function lastLines(text: string): string {
  return text
    .split('\n')
    .slice(-LINES_BEFORE - 1)
    .join('\n')
    .slice(-CHARS);
}

function firstLines(text: string): string {
  return text
    .split('\n')
    .slice(0, LINES_AFTER + 1)
    .join('\n')
    .slice(0, CHARS);
}
