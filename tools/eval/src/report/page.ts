import { createHash } from 'node:crypto';
import { percent, points, thresholdText, type Analysis, type Interval } from '../analysis/index.js';
import { examplesHtml } from './examples-section.js';
import { Html, markup } from './html.js';
import { emphasisedKey } from './names.js';
import type { ReportInput } from './report-input.js';
import { sectionsHtml } from './sections.js';
import { STYLE } from './style.js';

/** The report as one file: no script, nothing from outside. */
export function pageHtml(input: ReportInput, analysis: Analysis): string {
  const style = new Html(STYLE);
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentPolicy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${input.title}</title>
        <style>${style}</style>
      </head>
      <body>
        ${headerHtml(input, analysis)}
        <main>
          ${claimsHtml(analysis)} ${verdictHtml(analysis)} ${sectionsHtml(analysis)}
          <section id="examples" class="full" aria-labelledby="examples-h">
            <div class="words">
              <h2 id="examples-h">Where context helped and hurt most</h2>
              <p>
                Edit similarity without → with all context, at most one hole a file. What differs from the
                truth is underlined; a stroke marks where something is missing.
              </p>
            </div>
            <div class="figure">${examplesHtml(analysis.examples)}</div>
          </section>
        </main>
        ${footerHtml(input, analysis)}
      </body>
    </html>
`.text;
}

/** Nothing may be loaded or run; the one style sheet is known by its hash. */
function contentPolicy(): string {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}

function headerHtml(input: ReportInput, analysis: Analysis): Html {
  const emphasised = analysis.modes.find(({ key }) => key === emphasisedKey(analysis));
  const policy = emphasised
    ? `${emphasised.label}${emphasised.threshold === undefined ? '' : `, threshold ${thresholdText(emphasised.threshold)}`}`
    : 'none was asked about';
  const number = (value: number) => value.toLocaleString('en-GB');
  return markup`<header>
    <p class="kicker">Repoformer · evaluation</p>
    <h1>${input.title}</h1>
    <p class="standfirst">${analysis.verdict.headline}</p>
    <dl class="facts">
      ${fact('Model', input.model)} ${fact('Policy in question', policy)} ${fact('Machine', input.machine)}
      ${fact('Holes', `${number(analysis.holes)}, from ${number(analysis.files)} files of ${number(analysis.repositories)} ${analysis.repositories === 1 ? 'repository' : 'repositories'}`)}
      <div class="long">
        <dt>Data</dt>
        <dd>${input.generatedFrom.join(', ')}</dd>
      </div>
      <div class="long">
        <dt>Command</dt>
        <dd><code>${input.command}</code></dd>
      </div>
    </dl>
  </header>`;
}

function fact(name: string, value: string): Html {
  return markup`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** The article's claims on these holes, a large number each. */
function claimsHtml(analysis: Analysis): Html {
  const { notHelpful, policies } = analysis.answers;
  const asked = policies.find(({ key }) => key === emphasisedKey(analysis)) ?? policies[0];
  return markup`<div class="claims">
    ${claim('Retrievals that do not help', notHelpful.value, notHelpful.published, notHelpful.sentence)}
    ${asked ? claim('Abstentions that are right', asked.abstentionsRight.value, asked.abstentionsRight.published, asked.abstentionsRight.sentence) : ''}
    ${asked ? claim('Time saved against always', asked.saved.value, asked.saved.published, asked.saved.sentence, asked.saved.harm) : ''}
  </div>`;
}

function claim(
  title: string,
  value: Interval | undefined,
  published: number,
  sentence: string,
  harm?: Interval,
): Html {
  const bounds =
    value?.low === undefined || value.high === undefined
      ? 'interval unknown'
      : `${percent(value.low)} to ${percent(value.high)}`;
  const quality = harm ? `; edit similarity ${points(harm.estimate)}` : '';
  return markup`<div class="claim">
    <h2>${title}</h2>
    <p class="big">${value ? percent(value.estimate) : '–'}</p>
    <p class="bounds">${bounds}${quality} · the article: ${percent(published)}</p>
    <p>${sentence}</p>
  </div>`;
}

function verdictHtml({ verdict }: Analysis): Html {
  const sure = {
    certain: 'as sure as these holes can make it',
    likely: 'likely, not certain',
    none: 'not yet',
  };
  return markup`<div class="verdict">
    <h2>What to do</h2>
    <p class="advice">${verdict.advice}</p>
    <ul>
      ${verdict.reasons.map((reason) => markup`<li>${reason}</li>`)}
      <li>How sure: ${sure[verdict.confidence]}.</li>
    </ul>
  </div>`;
}

function footerHtml(input: ReportInput, { unit, resamples, baselines }: Analysis): Html {
  const drawn = { repository: 'repositories', file: 'files', hole: 'holes' }[unit];
  const notes = [
    ...input.notes,
    `Intervals hold 95\u00a0%: percentiles over ${resamples.toLocaleString('en-GB')} resamples of ${drawn}, with a fixed seed.`,
    'Cold latency is search, prefix and suffix, context and writing; warm latency is without prefix and suffix, which have been evaluated before while typing on. Policies that look at the hits pay for the search when they abstain too.',
    'Time saved is 1 − latency / latency of always. Random choice is an exact expectation at the policy’s own rate, not a simulation.',
    ...[...input.policies, ...baselines].map(({ label, description }) => `${label}: ${description}`),
  ];
  return markup`<footer>
    <h2>Notes</h2>
    <ul>
      ${notes.map((note) => markup`<li>${note}</li>`)}
    </ul>
  </footer>`;
}
