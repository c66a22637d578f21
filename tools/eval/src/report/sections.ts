import { percent, points, thresholdText, type Analysis, type ModeRow } from '../analysis/index.js';
import { chart, multiples, PANEL_WIDTH, responsive } from './charts/chart.js';
import { abstentionPanel, qiniPanel, reliabilityPanel, tradeOffPanel } from './charts/curve-charts.js';
import { effectBars, effectHistogram } from './charts/effect-chart.js';
import { groupPanel } from './charts/groups-chart.js';
import { rowsChart, type ChartRow } from './charts/rows.js';
import { stagesChart } from './charts/stages-chart.js';
import { markup, type Html } from './html.js';
import { chartedRows, emphasisedKey, kindName, labelOf, ranged } from './names.js';
import { foldedTable, tableHtml } from './table.js';
import {
  abstentionTable,
  baselineTable,
  differenceTable,
  effectTable,
  groupTableOf,
  latencyTableOf,
  qualityTable,
  rankingTable,
  stagesTable,
} from './tables.js';

/** A part of the page: what is to be seen, how to read it, the drawing. */
interface Section {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly body: Html;
}

/** All charts with their tables, in the order in which the questions arise. */
export function sectionsHtml(analysis: Analysis): Html {
  const sections = [
    effectSection(analysis),
    modesSection(analysis),
    tradeOffSection(analysis),
    stagesSection(analysis),
    abstentionSection(analysis),
    qiniSection(analysis),
    calibrationSection(analysis),
    groupsSection(analysis),
  ].filter((section) => section !== undefined);
  return markup`${sections.map(
    ({ id, title, caption, body }) =>
      markup`<section id="${id}" aria-labelledby="${id}-h">
        <div class="words">
          <h2 id="${id}-h">${title}</h2>
          <p>${caption}</p>
        </div>
        <div class="figure">${body}</div>
      </section> `,
  )}`;
}

function effectSection(analysis: Analysis): Section {
  const { effect, effectByKind } = analysis;
  const title = 'What context changes';
  const missing =
    effect.withoutHits > 0
      ? ` For ${effect.withoutHits.toLocaleString('en-GB')} more holes nothing was found.`
      : '';
  const caption = `Edit similarity with all context less that without, hole by hole, in points: the share of ${effect.holes.toLocaleString('en-GB')} holes in each bin of ten points. Left of zero context did harm.${missing}`;
  if (effect.holes === 0) {
    return { id: 'effect', title, caption, body: markup`<p>No context was found at any hole.</p>` };
  }
  const groups = [
    { label: 'all holes', effect },
    ...effectByKind
      .filter((group) => group.effect.holes > 0)
      .map((group) => ({ label: kindName(group.value), effect: group.effect })),
  ];
  const spoken = `${percent(effect.worse?.estimate ?? 0)} worse, ${percent(effect.same?.estimate ?? 0)} unchanged, ${percent(effect.better?.estimate ?? 0)} better.`;
  return {
    id: 'effect',
    title,
    caption,
    body: markup`${responsive(
      { id: 'effect-histogram', title: 'Histogram of the change in edit similarity', description: spoken },
      (width) => effectHistogram(effect, width),
    )}
      <h3>By kind of hole: worse, no change, <span class="better">better</span></h3>
      ${responsive(
        {
          id: 'effect-kinds',
          title: 'Shares of holes that context made worse, left and made better',
          description: spoken,
        },
        (width) => effectBars(groups, width),
      )}
      ${foldedTable(effectTable(analysis))}`,
  };
}

function modesSection(analysis: Analysis): Section {
  const rows = chartedRows(analysis.modes).filter(({ key }) => key !== 'always');
  const emphasised = emphasisedKey(analysis);
  const saved = rows.map((row): ChartRow => ({
    label: labelOf(row),
    text: row.speedUp.cold ? percent(row.speedUp.cold.estimate) : '–',
    isEmphasised: row.key === emphasised,
    ...(row.speedUp.cold && { value: row.speedUp.cold }),
    ...(row.speedUp.warm && { second: row.speedUp.warm.estimate }),
  }));
  const quality = rows.map((row): ChartRow => ({
    label: labelOf(row),
    text: row.versusAlways.editSimilarity ? points(row.versusAlways.editSimilarity.estimate) : '–',
    isEmphasised: row.key === emphasised,
    ...(row.versusAlways.editSimilarity && { value: row.versusAlways.editSimilarity }),
  }));
  const baselines = baselineTable(analysis);
  const spoken = (list: readonly ChartRow[]) => list.map(({ label, text }) => `${label}: ${text}`).join('; ');
  return {
    id: 'modes',
    title: 'What each way to decide gives',
    caption:
      'Against giving context always. Left: latency saved, from an empty cache (bar) and while typing on (ring). Right: change of mean edit similarity in points. Lines are 95\u00a0% intervals.',
    body: markup`<div class="pair">
        <div class="panel">
          <h4>Time saved</h4>
          ${chart(
            { id: 'saved', title: 'Time saved against always', description: spoken(saved) },
            rowsChart(saved, {
              width: 380,
              mark: 'bar',
              format: percent,
              line: { at: 0, label: 'as always' },
              marginRight: 56,
            }),
          )}
        </div>
        <div class="panel">
          <h4>Edit similarity, points</h4>
          ${chart(
            { id: 'kept', title: 'Edit similarity against always', description: spoken(quality) },
            rowsChart(quality, {
              width: 380,
              mark: 'dot',
              format: (value) => (value === 0 ? '0' : points(value).replace('.0', '')),
              line: { at: 0, label: 'as always' },
              marginRight: 48,
            }),
          )}
        </div>
      </div>
      ${tableHtml(qualityTable(analysis))} ${baselines && tableHtml(baselines)}
      ${foldedTable(differenceTable(analysis))}
      ${foldedTable(latencyTableOf(analysis))}`,
  };
}

function tradeOffSection(analysis: Analysis): Section | undefined {
  const { policies } = analysis.curves;
  if (policies.length === 0) return undefined;
  const panels = (latency: 'cold' | 'warm') =>
    multiples(
      policies.map((curve, i) => ({
        title: curve.label,
        drawing: chart(
          {
            id: `trade-${latency}-${i}`,
            title: `Edit similarity against latency, ${curve.label}, ${latency}`,
            description: `From never to always as the threshold falls${curve.thresholds.length > 0 ? `; marked at ${curve.thresholds.map(thresholdText).join(', ')}` : ''}.`,
          },
          tradeOffPanel(curve, policies, analysis.modes, latency),
        ),
      })),
    );
  return {
    id: 'trade-off',
    title: 'Quality for time',
    caption:
      'Mean edit similarity (upwards) against mean latency (rightwards) as the threshold falls from never to always. Above the dotted line, context goes to the right places; left of “always”, time is saved. The dot is the threshold in question; the other policies are grey. A threshold picked from the curve flatters itself: choose it on other holes.',
    body: markup`<h3>From an empty cache</h3>
      ${panels('cold')}
      <h3>While typing on</h3>
      ${panels('warm')}`,
  };
}

function stagesSection(analysis: Analysis): Section {
  const rows = chartedRows(analysis.modes).map((row) => ({ ...row, label: labelOf(row) }));
  return {
    id: 'stages',
    title: 'Where the time goes',
    caption:
      'Mean time of each stage of a completion, measured in the run, from an empty cache. Context is what abstaining saves; prefix and suffix have been evaluated before while typing on. The search, and what deciding costs, are often too short to be seen.',
    body: markup`${responsive(
      {
        id: 'stages-chart',
        title: 'Mean time of each stage',
        description: rows
          .map(({ label, latency }) => `${label}: ${latency.cold.mean.toFixed(0)} ms`)
          .join('; '),
      },
      (width) => stagesChart(rows, width),
    )}
    ${foldedTable(stagesTable(analysis))}`,
  };
}

function abstentionSection(analysis: Analysis): Section | undefined {
  const rows = chartedRows(analysis.modes).filter(({ abstentions }) => abstentions);
  if (rows.length === 0) return undefined;
  const bars = (row: ModeRow): ChartRow[] => [
    abstentionRow('all holes', row, row.key === emphasisedKey(analysis)),
    ...analysis.byKind.flatMap(({ value, rows: inGroup }) => {
      const own = inGroup.find(({ key }) => key === row.key);
      return own ? [abstentionRow(kindName(value), own, false)] : [];
    }),
  ];
  const curves = analysis.curves.policies.flatMap((curve, i) => {
    const options = abstentionPanel(curve);
    if (!options) return [];
    const title = `Right abstentions against the share of abstentions, ${curve.label}`;
    const description = `Context would have helped ${percent(curve.riskCoverage?.random.aurc ?? 0)} of all holes.`;
    return [{ title: curve.label, drawing: chart({ id: `risk-${i}`, title, description }, options) }];
  });
  return {
    id: 'abstentions',
    title: 'When it abstains, is it right?',
    caption:
      'Share of abstentions where the completion was correct already, or context would not have helped. The black stroke is what abstaining at random would reach, thin lines are 95\u00a0% intervals, the dotted line is the article’s 85\u00a0%.',
    body: markup`${multiples(
      rows.map((row, i) => {
        const list = bars(row);
        const description = list.map(({ label, text }) => `${label}: ${text}`).join('; ');
        return {
          title: labelOf(row),
          drawing: chart(
            { id: `abstain-${i}`, title: `Right abstentions of ${row.label}`, description },
            rowsChart(list, {
              width: PANEL_WIDTH,
              mark: 'bar',
              domain: [0, 1],
              format: percent,
              line: { at: 0.85, label: '85\u00a0%' },
              marginRight: 92,
            }),
          ),
        };
      }),
    )}
      <h3>By share of abstentions, the surest first</h3>
      ${multiples(curves)} ${foldedTable(abstentionTable(analysis))}`,
  };
}

function abstentionRow(label: string, row: Pick<ModeRow, 'abstentions'>, isEmphasised: boolean): ChartRow {
  const { precision, base, abstained = 0 } = row.abstentions ?? {};
  return {
    label,
    text: precision ? `${percent(precision.estimate)} of ${abstained.toLocaleString('en-GB')}` : 'none',
    isEmphasised,
    ...(precision && { value: precision }),
    ...(base && { reference: base.estimate }),
  };
}

function qiniSection(analysis: Analysis): Section | undefined {
  const { curves } = analysis;
  const panels = (metric: 'editSimilarity' | 'logLikelihood') =>
    multiples(
      curves.policies.map((curve, i) => {
        const area = curve.qini[metric];
        const note = area
          ? `Qini ${ranged(area.coefficient, (value) => value.toFixed(2).replace('-', '−'))}`
          : 'nothing to rank';
        const title = `Mean ${metric === 'editSimilarity' ? 'edit similarity' : 'log-likelihood'} against the share with context, ${curve.label}`;
        return {
          title: curve.label,
          note,
          drawing: chart(
            { id: `qini-${metric}-${i}`, title, description: note },
            qiniPanel(curve, curves, metric),
          ),
        };
      }),
    );
  if (curves.policies.length === 0) return undefined;
  return {
    id: 'qini',
    title: 'Does it know where context helps?',
    caption:
      'Mean quality (upwards) as context goes to a growing share of requests (rightwards), those first for which a policy asks most. Shaded: the advantage over random choice. The Qini coefficient is that area over the oracle’s: 1 ranks perfectly, 0 like dice. Brackets hold the 95\u00a0% interval.',
    body: markup`<h3>Edit similarity</h3>
      ${panels('editSimilarity')}
      ${
        curves.oracle.logLikelihood
          ? markup`<h3>Log-likelihood of the truth, per token</h3>
              ${panels('logLikelihood')}`
          : ''
      }
      ${foldedTable(rankingTable(analysis))}`,
  };
}

function calibrationSection(analysis: Analysis): Section | undefined {
  const panels = analysis.curves.policies.flatMap((curve, i) => {
    const [options, calibration] = [reliabilityPanel(curve), curve.calibration];
    if (!options || !calibration) return [];
    const note = `ECE ${percent(calibration.ece)}, Brier ${calibration.brier.toFixed(3)} (base rate ${calibration.baseBrier.toFixed(3)})`;
    const title = `Reliability of ${curve.label}`;
    return [
      {
        title: curve.label,
        note,
        drawing: chart({ id: `reliability-${i}`, title, description: note }, options),
      },
    ];
  });
  if (panels.length === 0) return undefined;
  return {
    id: 'calibration',
    title: 'Can it be taken at its word?',
    caption:
      'Rightwards: the probability that context helps, as the policy says it. Upwards: how often it did. Each dot holds a fifteenth of the holes; on the dotted line, what is said is what is seen.',
    body: multiples(panels),
  };
}

function groupsSection(analysis: Analysis): Section {
  const emphasised = emphasisedKey(analysis);
  const keys = ['never', ...(emphasised === undefined ? [] : [emphasised]), 'always'];
  const groups = [...analysis.byKind, ...analysis.byLanguage];
  const panels = (by: 'kind' | 'language') =>
    multiples(
      groups
        .filter((group) => group.by === by)
        .map((group, i) => {
          const name = by === 'kind' ? kindName(group.value) : group.value;
          const spoken = group.rows
            .filter(({ key }) => keys.includes(key))
            .map((row) => `${row.label}: ${row.quality.editSimilarity?.estimate.toFixed(1) ?? 'none'}`);
          return {
            title: name,
            note: `${group.holes.toLocaleString('en-GB')} holes`,
            drawing: chart(
              { id: `${by}-${i}`, title: `Edit similarity, ${name}`, description: spoken.join('; ') },
              groupPanel(group, groups, keys, emphasised, PANEL_WIDTH),
            ),
          };
        }),
    );
  return {
    id: 'groups',
    title: 'By kind and language',
    caption: 'Mean edit similarity (0 to 100) with 95\u00a0% intervals; all panels share one axis.',
    body: markup`${panels('kind')}
      <h3>Languages</h3>
      ${panels('language')} <details>
        <summary>The numbers: each kind and language, with 95\u00a0% intervals</summary>
        ${groups.map((group) => tableHtml(groupTableOf(group, analysis)))}
      </details>`,
  };
}
