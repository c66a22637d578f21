import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arbitraryResults } from '../analysis/testing.js';
import { syntheticInput } from './testing.js';
import { createReport, writeReport } from './write-report.js';

const options = { resamples: 100 };
const EVIL = `</script><img src=x onerror=alert(1)>\u202e\u2066|\`\`\`"'`;

describe('a report', () => {
  const input = syntheticInput({ holes: 240 });
  const report = createReport(input, options);
  const { document } = parseHTML(report.html);

  it('is the same for the same input', () => {
    expect(createReport(syntheticInput({ holes: 240 }), options)).toEqual(report);
  });

  it('is self-contained: nothing to load, nothing to run, and a policy that forbids both', () => {
    expect(
      document.querySelectorAll('script, link, img, iframe, object, embed, video, audio, base, form'),
    ).toHaveLength(0);
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^(on|src|href|xlink:href|style|action|srcset|formaction)/);
        if (!name.startsWith('xmlns')) expect(value).not.toMatch(/url\(|https?:/);
      }
    }
    expect(document.querySelector('style')?.textContent).not.toMatch(/url\(|@import/);
    const policy = document
      .querySelector('meta[http-equiv="Content-Security-Policy"]')
      ?.getAttribute('content');
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; img-src data:;/);
    expect(policy).not.toContain('unsafe');
  });

  it('tells what it is about', () => {
    const header = document.querySelector('body > header')?.textContent ?? '';
    for (const text of [input.title, input.model, input.machine, input.command, ...input.generatedFrom]) {
      expect(header).toContain(text);
    }
    expect(header).toContain('classifier, threshold 0.25');
    expect(header).toContain('240, from');
    expect(header).toContain('12 repositories');
    expect(header).toContain(report.analysis.verdict.headline);
  });

  it('names and describes every chart, under ids of its own', () => {
    const charts = [...document.querySelectorAll('svg')];
    expect(charts.length).toBeGreaterThan(20);
    for (const chart of charts) {
      const [title, description] = (chart.getAttribute('aria-labelledby') ?? '').split(' ');
      expect(chart.querySelector(`title[id="${title}"]`)?.textContent).toBeTruthy();
      expect(chart.querySelector(`desc[id="${description}"]`)?.textContent).toBeTruthy();
    }
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('draws what the numbers say', () => {
    const { effect } = report.analysis;
    const description = document.querySelector('#effect-histogram-w-d')?.textContent ?? '';
    expect(description).toContain(`${((effect.worse?.estimate ?? 0) * 100).toFixed(0)}\u00a0% worse`);
    const bars = document.querySelectorAll('svg[aria-labelledby^="effect-histogram-w"] rect');
    expect(bars).toHaveLength(21);
    // Heights are shares: the tallest is that of no change.
    const heights = [...bars].map((bar) => Number(bar.getAttribute('height')));
    const unchanged = effect.unchanged / Math.max(...effect.bins.map(({ holes }) => holes));
    const others = heights.slice(0, -1);
    expect((heights.at(-1) ?? 0) / Math.max(...others)).toBeCloseTo(unchanged, 1);
  });

  it('has the same numbers as JSON, and tables as Markdown', () => {
    const json = JSON.parse(report.json) as { analysis: unknown; schema: number };
    expect(json.schema).toBe(1);
    expect(json.analysis).toEqual(JSON.parse(JSON.stringify(report.analysis)));
    for (const [line, next] of pairs(report.markdown.split('\n'))) {
      if (!line.startsWith('|') || !next.startsWith('|')) continue;
      expect(cells(next)).toBe(cells(line));
    }
    const es = report.analysis.modes[0]?.quality.editSimilarity?.estimate.toFixed(1);
    expect(report.markdown).toContain(`${es} (`);
    expect(report.markdown).not.toContain('self.entries');
  });

  it('shows text of repositories as text', () => {
    const hostile = {
      ...input,
      title: EVIL,
      model: EVIL,
      command: EVIL,
      notes: [EVIL],
      policies: input.policies.map((policy) => ({
        ...policy,
        label: `${policy.name}${EVIL}`,
        description: EVIL,
      })),
      results: input.results.map((hole) => ({
        ...hole,
        repository: `${hole.repository}${EVIL}`,
        path: `${hole.path}${EVIL}`,
        language: `${hole.language}${EVIL}`,
        before: EVIL,
        middle: `${EVIL}x`,
        after: EVIL,
        outcomes: hole.outcomes.map((outcome) => ({
          ...outcome,
          text: EVIL,
        })) as unknown as typeof hole.outcomes,
        context: [{ path: EVIL, startLine: 0, text: EVIL }],
      })),
    };
    const made = createReport(hostile, options);
    const { document: page } = parseHTML(made.html);
    expect(page.querySelectorAll('script, img')).toHaveLength(0);
    expect((made.html + made.markdown + made.json).match(/[\u202a-\u202e\u2066-\u2069]/)).toBeNull();
    expect(page.querySelector('h1')?.textContent).toBe(
      `</script><img src=x onerror=alert(1)>[U+202E][U+2066]|\`\`\`"'`,
    );
    expect(page.querySelectorAll('svg')).toHaveLength(document.querySelectorAll('svg').length);
    expect(made.markdown.replace(/`{4,}sh[\s\S]*?`{4,}/, '').match(/<img|<\/script/)).toBeNull();
    expect(made.markdown).toMatch(/^`{4}sh$/m);
  });

  it.each([
    ['one hole', { holes: 1, repositories: 1 }],
    ['a dozen of one repository', { holes: 12, repositories: 1 }],
    ['two repositories', { holes: 90, repositories: 2 }],
  ])('is made of %s', (_, few) => {
    const made = createReport(syntheticInput(few), options);
    expect(made.html.match(/NaN|undefined|Infinity/)).toBeNull();
    expect(made.markdown.match(/NaN|undefined|Infinity/)).toBeNull();
    expect(made.html).toContain('interval');
  });

  it('holds the model against baselines, where there are any', () => {
    const small = syntheticInput({ holes: 40 });
    const outcomes = new Map(small.results.map(({ id, outcomes }) => [id, outcomes[0]]));
    const description = 'Counts of words.';
    const { markdown, html } = createReport(
      { ...small, baselines: [{ label: EVIL, description, outcomes }] },
      { resamples: 20 },
    );
    expect(markdown).toContain('The model without context less a baseline');
    expect(markdown).toContain(description);
    expect(html).not.toContain(EVIL);
    expect(createReport(small, { resamples: 20 }).markdown).not.toContain('less a baseline');
  });

  it('is made of anything', () => {
    fc.assert(
      fc.property(arbitraryResults(), (results) => {
        const policies = results.some(({ policies: said }) => 'p' in said)
          ? [{ name: 'p', threshold: 0.5, label: 'p', description: 'p' }]
          : [];
        const made = createReport({ ...input, policies, results }, { resamples: 10 });
        expect(made.html.match(/NaN|undefined|Infinity/)).toBeNull();
        expect(made.markdown.match(/NaN|undefined|Infinity/)).toBeNull();
      }),
      { numRuns: 8 },
    );
  });
});

describe('writing a report', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'repoformer-report-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('leaves three files, no drafts, and replaces what was there', async () => {
    const target = join(folder, 'a', 'b');
    const input = syntheticInput({ holes: 40 });
    await writeReport({ ...input, title: 'old' }, target, options);
    const { files } = await writeReport(input, target, options);
    expect((await readdir(target)).sort()).toEqual(['report.html', 'report.json', 'report.md']);
    expect(await readFile(files.html, 'utf8')).toBe(createReport(input, options).html);
    expect(JSON.parse(await readFile(files.json, 'utf8'))).toMatchObject({ title: input.title });
  });

  it('says what to do where it cannot write', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const failed = writeReport(syntheticInput({ holes: 5 }), join(file, 'report'), options);
    await expect(failed).rejects.toThrow(AppError);
    await expect(failed).rejects.toThrow(/cannot write the report into .*ENOTDIR; choose another folder/);
  });

  it('writes nothing of bad input', async () => {
    const target = join(folder, 'none');
    await expect(writeReport({ ...syntheticInput(), results: [] }, target)).rejects.toThrow(
      /no hole to judge/,
    );
    await expect(readdir(target)).rejects.toThrow('ENOENT');
  });
});

function pairs(lines: readonly string[]): [string, string][] {
  return lines.slice(1).map((line, i) => [lines[i] ?? '', line]);
}

function cells(row: string): number {
  return row.replace(/\\\|/g, '').split('|').length;
}
