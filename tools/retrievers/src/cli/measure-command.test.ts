import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildHoles,
  openLocalRepository,
  readCorpusTexts,
  readHoles,
  sampleHoles,
  writeRepository,
  type HoleRecord,
} from '@repoformer/dataset';
import { MAX_CHUNKS } from '@repoformer/policy';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseNameModel } from '../names/name-model.js';
import { spanTokens } from '../selection/token-cost.js';
import { goldenCorpus } from '../testing/golden-holes.js';
import { createProgram } from './program.js';

const directory = mkdtempSync(join(tmpdir(), 'retrievers-cli-'));
const [root, dataset, out] = ['repository', 'dataset', 'out'].map((name) => join(directory, name)) as [
  string,
  string,
  string,
];
const { signal } = new AbortController();
let holes: HoleRecord[];

async function build(repository: string, to: string): Promise<void> {
  const opened = await openLocalRepository(repository, 'train');
  const texts = await readCorpusTexts(opened);
  const { name, commit } = opened;
  const sampled = await sampleHoles({ name, split: 'train', files: texts }, { seed: '1', count: 12, signal });
  const context = { withMiddleShare: 0, randomShare: 0 };
  const options = { directory: to, context, signal };
  await buildHoles({ name, root: repository, commit, files: texts }, sampled, options);
}

function sourceOf(name: string): string {
  const one = (at: number) =>
    `export function ${name}${at}(value: number): number {\n  const result${at} = value + ${at};\n  return Math.max(result${at}, ${at});\n}\n`;
  return Array.from({ length: 6 }, (_, at) => one(at)).join('\n');
}

beforeAll(async () => {
  const files = Object.entries(goldenCorpus).slice(0, 30);
  await writeRepository(
    root,
    'repository',
    files.map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
  );
  await build(root, dataset);
  holes = await readHoles(dataset);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

async function run(...words: string[]): Promise<string> {
  let said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const program = createProgram(signal).exitOverride();
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(['node', 'repoformer-retrievers', ...words]);
  return said;
}

/** Times are never the same. */
const withoutTimes = (name: string) =>
  JSON.parse(readFileSync(join(out, name), 'utf8'), (key, value: unknown) =>
    key.endsWith('Ms') ? undefined : value,
  ) as unknown;

describe('measure', () => {
  it('writes a table and its numbers, the same each time', async () => {
    const words = ['measure', dataset, '--repo', root, '--retriever', 'daemon', 'needed-names', '--out', out];
    const said = await run(...words);
    expect(said).toBe(readFileSync(join(out, 'measure.md'), 'utf8'));
    expect(said).toContain('## 190 tokens');
    expect(said).toMatch(/\| needed-names \| windows-20 \| cover-5 \| \d/);
    const first = withoutTimes('measure.json');
    expect(first).toMatchObject({ schema: 1, holes: holes.length, repositories: 1 });
    await run(...words);
    expect(withoutTimes('measure.json')).toEqual(first);
  });

  it('writes the holes again with what a retriever shows', async () => {
    const copy = join(directory, 'copy');
    await run(
      ...['measure', dataset, '--repo', root, '--retriever', 'needed-names', '--budget', '200'],
      ...['--out', out, '--write-dataset', copy],
    );
    const written = await readHoles(copy);
    expect(written.map(({ id }) => id).sort()).toEqual(holes.map(({ id }) => id).sort());
    for (const record of written) {
      const before = holes.find(({ id }) => id === record.id)!;
      const { context, features } = record;
      expect({ ...record, context: 0, features: 0 }).toEqual({ ...before, context: 0, features: 0 });
      const tokens = context.chunks.map(({ text }) => spanTokens(text.split('\n')));
      expect(tokens.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(200);
      for (const { path, startLine, endLine, text, score } of context.chunks) {
        expect(score).toBeGreaterThan(0);
        const lines = path === record.path ? undefined : goldenCorpus[path]!.split('\n');
        if (lines)
          expect(text.split('\n')).toEqual(lines.slice(startLine, endLine).filter((line) => line.trim()));
      }
      expect(features.version).toBe(before.features.version);
      expect(features.chunks).toHaveLength(Math.min(MAX_CHUNKS, context.chunks.length));
    }
    expect(written.some(({ context }) => context.chunks.length > 0)).toBe(true);
  });

  it('embeds with any model', async () => {
    const model = fileURLToPath(new URL('../../../../models/repoformer-nano0-7m-q8_0.gguf', import.meta.url));
    // Few files: every chunk of the repository is evaluated.
    const small = join(directory, 'small');
    await writeRepository(
      small,
      'small',
      ['first', 'second'].map((name) => ({ path: `${name}.ts`, bytes: Buffer.from(sourceOf(name)) })),
    );
    const data = join(directory, 'small-data');
    await build(small, data);
    const flags = ['--retriever', 'dense', '--embedding-model', model, '--out', out];
    const said = await run('measure', data, '--repo', small, ...flags);
    expect(said).toMatch(/\| dense \| windows-20 \| merged \| /);
    await expect(run('measure', data, '--repo', small, ...flags, '--embedding-model', out)).rejects.toThrow(
      out,
    );
  });

  it.each([
    [['--retriever', 'draft'], '--drafts'],
    [['--retriever', 'dense'], '--embedding-model'],
    [['--retriever', 'bm25', '--selector', 'cover-5'], 'needed-names'],
    [['--write-dataset', 'x'], 'name one --retriever'],
  ])('refuses %j', async (flags, message) => {
    await expect(run('measure', dataset, '--repo', root, '--out', out, ...flags)).rejects.toThrow(message);
  });

  it('says what is lacking', async () => {
    await expect(run('measure', dataset, '--out', out)).rejects.toThrow('--corpus');
    await expect(run('measure', join(directory, 'none'), '--repo', root, '--out', out)).rejects.toThrow(
      'no holes',
    );
    await expect(run('measure', dataset, '--repo', root, '--out', out, '--budget', '0')).rejects.toThrow(
      '1 or more',
    );
  });
});

it('fits the model of needed names, which measure then takes', async () => {
  const model = join(directory, 'model.json');
  await run('fit-names', dataset, '--repo', root, '--out', model);
  const { weights } = parseNameModel(readFileSync(model, 'utf8'));
  expect(Object.values(weights).some((weight) => weight !== 0)).toBe(true);
  const first = ['measure', dataset, '--repo', root, '--retriever', 'needed-names', '--out', out];
  expect(await run(...first, '--name-model', model)).toContain('| needed-names |');
  await expect(run(...first, '--name-model', join(directory, 'none.json'))).rejects.toThrow('none.json');
  await expect(run(...first, '--name-model', join(out, 'measure.json'))).rejects.toThrow('fit-names');
});

it('lists the names that many repositories have', async () => {
  const file = join(directory, 'words.txt');
  await run('generic-words', '--repo', root, '--out', file);
  // One repository is not many.
  expect(readFileSync(file, 'utf8')).toBe('');
});
