import type { Analysis } from '../analysis/index.js';
import { gainOf, points } from '../analysis/index.js';
import { escapeMarkdown, spellOut } from './html.js';
import { emphasisedKey, kindName } from './names.js';
import type { ReportInput } from './report-input.js';
import { tableMarkdown, type Table } from './table.js';
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

/** The answers and all tables; no source text of the repositories. */
export function reportMarkdown(input: ReportInput, analysis: Analysis): string {
  const { verdict, answers } = analysis;
  const asked = answers.policies.find(({ key }) => key === emphasisedKey(analysis)) ?? answers.policies[0];
  const facts = [
    `Model: ${input.model}`,
    `Machine: ${input.machine}`,
    `Data: ${input.generatedFrom.join(', ')}`,
    `Holes: ${analysis.holes}, from ${analysis.files} files of ${analysis.repositories} repositories`,
  ];
  const claims = [
    answers.notHelpful.sentence,
    ...(asked ? [asked.abstentionsRight.sentence, asked.saved.sentence] : []),
  ];
  const list = (lines: readonly string[]) => lines.map((line) => `- ${escapeMarkdown(line)}`).join('\n');
  return [
    `# ${escapeMarkdown(input.title)}`,
    escapeMarkdown(verdict.headline),
    list(facts),
    fence(input.command),
    '## What to do',
    escapeMarkdown(verdict.advice),
    list(verdict.reasons),
    "## The article's claims",
    list(claims),
    '## Quality',
    tables(qualityTable(analysis), baselineTable(analysis), differenceTable(analysis)),
    '## Latency',
    tables(latencyTableOf(analysis), stagesTable(analysis)),
    '## What context changes',
    tables(effectTable(analysis)),
    '## Abstentions',
    tables(abstentionTable(analysis)),
    '## Ranking and calibration',
    tables(rankingTable(analysis)),
    '## By kind and language',
    tables(...[...analysis.byKind, ...analysis.byLanguage].map((group) => groupTableOf(group, analysis))),
    '## Helped and hurt most',
    tables(examplesTable(analysis)),
    '## Notes',
    list([
      ...input.notes,
      ...[...input.policies, ...analysis.baselines].map(
        ({ label, description }) => `${label}: ${description}`,
      ),
    ]),
    '',
  ].join('\n\n');
}

function tables(...list: readonly (Table | undefined)[]): string {
  return list.flatMap((table) => (table ? [tableMarkdown(table)] : [])).join('\n');
}

function examplesTable({ examples }: Analysis): Table {
  return {
    caption: 'Edit similarity without and with all context',
    columns: [
      { title: 'File' },
      { title: 'Repository' },
      { title: 'Kind' },
      { title: 'Without', isNumber: true },
      { title: 'With', isNumber: true },
      { title: 'Change', isNumber: true },
    ],
    rows: [...examples.helped, ...examples.hurt].map((hole) => ({
      cells: [
        hole.path,
        hole.repository,
        kindName(hole.kind),
        hole.outcomes[0].editSimilarity.toFixed(0),
        (hole.outcomes.at(-1) ?? hole.outcomes[0]).editSimilarity.toFixed(0),
        points(gainOf(hole)),
      ],
    })),
  };
}

/** A fence longer than any run of backticks inside cannot be closed from within. */
function fence(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const marks = '`'.repeat(longest + 1);
  return `${marks}sh\n${spellOut(text)}\n${marks}`;
}
