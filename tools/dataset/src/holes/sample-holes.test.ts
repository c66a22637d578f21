import { createHash } from 'node:crypto';
import { openSyntax } from '@repoformer/syntax';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOLE_KINDS, type Hole, type HoleKind } from '../record.js';
import { bracedRepository } from './braced-fixtures.js';
import { pythonRepository, typescriptRepository } from './fixtures.js';
import type { FileText } from './read-repository.js';
import { sampleHoles, type SampleOptions } from './sample-holes.js';

const syntax = await openSyntax();
const ALL = 10_000;

function sample(files: readonly FileText[], options: Partial<SampleOptions> = {}): Promise<Hole[]> {
  return sampleHoles(
    { name: 'local:shop', split: 'train', files },
    { seed: 's', count: ALL, syntax, ...options },
  );
}

const only = (kind: HoleKind) => ({ weights: { [kind]: 1 } });
const bothRepositories = () => [...pythonRepository(), ...typescriptRepository()];
const lastLine = (text: string) => text.slice(text.lastIndexOf('\n') + 1);
const firstLine = (text: string) => /^[^\n]*/.exec(text)![0];

describe('any hole', () => {
  it('is a part of its file, says where it is, and is not empty', async () => {
    const files = bothRepositories();
    const texts = new Map(files.map(({ path, text }) => [path, text]));
    const holes = await sample(files);
    expect(holes.length).toBeGreaterThan(100);
    expect(new Set(holes.map(({ kind }) => kind))).toEqual(new Set(HOLE_KINDS));
    for (const hole of holes) {
      const { prefix, middle, suffix, path, lines } = hole;
      expect(prefix + middle + suffix).toBe(texts.get(path));
      expect(middle).not.toBe('');
      expect(middle).toBe(middle.trimEnd());
      expect(middle.split('\n')).toHaveLength(lines);
      expect(hole).toMatchObject({ repository: 'local:shop', split: 'train' });
      expect(hole.language).toBe(path.endsWith('.py') ? 'python' : 'typescript');
    }
  });

  it('has an id of its own, made of repository, path, blob, range and kind', async () => {
    const holes = await sample(bothRepositories());
    expect(new Set(holes.map(({ id }) => id)).size).toBe(holes.length);
    const { id, path, prefix, middle, suffix, kind } = holes[0]!;
    const text = prefix + middle + suffix;
    const blob = createHash('sha1')
      .update(`blob ${Buffer.byteLength(text)}\0${text}`)
      .digest('hex');
    const range = [prefix.length, prefix.length + middle.length];
    const key = JSON.stringify(['local:shop', path, blob, ...range, kind]);
    expect(id).toBe(createHash('sha256').update(key).digest('hex').slice(0, 32));
  });

  it('begins where code is: not in comments, strings or the first lines, with something to say', async () => {
    for (const { prefix, middle, kind, path } of await sample(bothRepositories())) {
      const before = lastLine(prefix);
      expect(before.trimStart().startsWith(path.endsWith('.py') ? '#' : '//')).toBe(false);
      expect(prefix.split('\n').length).toBeGreaterThan(5);
      expect(middle.match(/[\p{L}\p{N}_$]/gu)!.length, `${kind} ${middle}`).toBeGreaterThanOrEqual(3);
      expect(prefix.split('"""').length % 2, path).toBe(1);
      expect(middle.length).toBeLessThanOrEqual(1_200);
    }
  });

  it('does not ask twice: no line begins two holes, no kind has one answer twice', async () => {
    const holes = await sample(bothRepositories());
    const places = holes.map(({ path, prefix }) => `${path}:${prefix.split('\n').length}`);
    expect(new Set(places).size).toBe(places.length);
    const answers = holes.map(({ kind, middle }) => `${kind}:${middle.trim()}`);
    expect(new Set(answers).size).toBe(answers.length);
  });
});

describe('a sample', () => {
  it('depends on seed and content alone, and a smaller one is the beginning of a larger', async () => {
    const files = bothRepositories();
    const whole = await sample(files);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(files, { minLength: files.length }),
        fc.nat({ max: whole.length }),
        async (shuffledFiles, count) => {
          expect(await sample(shuffledFiles, { count })).toEqual(whole.slice(0, count));
        },
      ),
      { numRuns: 10 },
    );
    const ids = new Set((await sample(files, { seed: 'other' })).map(({ id }) => id));
    expect(whole.every(({ id }) => ids.has(id))).toBe(false);
  });

  it('is read from a stream as well', async () => {
    async function* stream() {
      yield* pythonRepository();
    }
    const holes = await sampleHoles(
      { name: 'local:shop', split: 'train', files: stream() },
      { seed: 's', count: 5, syntax },
    );
    expect(holes).toEqual(await sample(pythonRepository(), { count: 5 }));
  });

  it('mixes kinds by weight, and gives what one lacks to the others', async () => {
    const holes = await sample(bothRepositories(), { count: 20 });
    const count = (kind: HoleKind) => holes.filter((hole) => hole.kind === kind).length;
    expect([count('line_rest'), count('line'), count('call'), count('chunk'), count('function')]).toEqual([
      6, 6, 3, 3, 2,
    ]);
    const alone = [{ path: 'a.py', text: pythonRepository()[0]!.text }];
    const rest = await sample(alone, { count: 10, weights: { call: 0.9, line: 0.1 } });
    expect(rest.map(({ kind }) => kind)).toEqual(Array(10).fill('line'));
  });

  it('takes at most 30 % from tests and 5 % from imports at any size', async () => {
    const imports = Array.from({ length: 40 }, (_, i) => `from module_${i} import name_${i}`).join('\n');
    const files = [...bothRepositories(), { path: 'shop/all.py', text: `${imports}\n` }];
    const holes = await sample(files);
    let [tests, imported] = [0, 0];
    holes.forEach(({ path, middle, prefix }, index) => {
      if (path.startsWith('tests/')) tests += 1;
      if (/^\s*(from|import)\b/.test(lastLine(prefix) + middle)) imported += 1;
      expect(tests).toBeLessThanOrEqual(0.3 * (index + 1));
      expect(imported).toBeLessThanOrEqual(0.05 * (index + 1));
    });
    expect(tests).toBeGreaterThan(0);
    expect(imported).toBeGreaterThan(0);
  });

  it('counts modules for tests among the tests', async () => {
    const functions = (name: string) =>
      Array.from(
        { length: 30 },
        (_, i) => `    fn ${name}_${i}(count: usize) {\n        store.${name}_${i}(count, ${i});\n    }\n`,
      ).join('');
    const text = `impl Store {\n${functions('put')}}\n\n#[cfg(test)]\nmod tests {\n${functions('test')}}\n`;
    const holes = await sample([{ path: 'src/store.rs', text }], { count: 20 });
    const tests = holes.filter(({ prefix }) => prefix.includes('cfg(test)')).length;
    expect(holes).toHaveLength(20);
    expect(tests).toBeGreaterThan(0);
    expect(tests).toBeLessThanOrEqual(6);
  });

  it('spreads over files: 6 % from one where there are many', async () => {
    const template = pythonRepository()[2]!.text;
    const files = Array.from({ length: 50 }, (_, i) => ({
      path: `part_${i}.py`,
      text: template.replaceAll('folder', `folder_${i}`).replaceAll('customer', `customer_${i}`),
    }));
    files.push({
      path: 'giant.py',
      text: files.map(({ text }) => text.replaceAll('open', 'fopen')).join('\n'),
    });
    const holes = await sample(files, { count: 100 });
    const perFile = new Map<string, number>();
    for (const { path } of holes) perFile.set(path, (perFile.get(path) ?? 0) + 1);
    expect(Math.max(...perFile.values())).toBe(6);
  });

  it('of nothing is nothing', async () => {
    expect(await sample([])).toEqual([]);
    expect(await sample([{ path: 'README.md', text: '# Shop\n' }])).toEqual([]);
    expect(await sample(pythonRepository(), { count: 0 })).toEqual([]);
  });

  it('says what was left out and why', async () => {
    const skipped: string[] = [];
    const copy = pythonRepository()[0]!.text;
    await sample(
      [
        { path: 'a.py', text: copy },
        { path: 'b.py', text: copy },
        { path: 'c.xyz', text: 'x' },
        { path: 'd.js', text: 'x = 1;'.repeat(200_000) },
        { path: 'generated/f.js', text: 'export const a = 1;\n' },
        { path: 'g.js', text: '// @generated by a tool\nexport const b = 1;\n' },
        { path: 'e.js', text: `x = ${'f(1) + '.repeat(1_000)}1;\n` },
      ],
      { onSkipped: (path, reason) => skipped.push(`${path} ${reason}`) },
    );
    expect(skipped).toEqual(
      ['b.py duplicate', 'c.xyz language', 'd.js too_large', 'e.js minified'].concat([
        'g.js generated',
        'generated/f.js generated',
      ]),
    );
  });

  it('refuses numbers that make no sense, and stops when told', async () => {
    await expect(sample([], { count: -1 })).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
    await expect(sample([], { weights: {} })).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
    await expect(sample([], { weights: { line: Number.NaN } })).rejects.toMatchObject({
      kind: 'invalid_argument',
    });
    await expect(sample(pythonRepository(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });
});

describe('each kind', () => {
  it('line_rest: from inside the code of a line to its end', async () => {
    const holes = await sample(bothRepositories(), only('line_rest'));
    expect(holes.length).toBeGreaterThan(40);
    for (const { prefix, middle, suffix, lines } of holes) {
      expect(lastLine(prefix).trim()).not.toBe('');
      expect(lines).toBe(1);
      expect(firstLine(suffix).trim()).toBe('');
      expect(/[\uD800-\uDBFF]$/.test(prefix)).toBe(false);
      expect(middle).toMatch(/\w/);
    }
  });

  it('line: a whole line behind its indentation', async () => {
    const holes = await sample(bothRepositories(), only('line'));
    expect(holes.length).toBeGreaterThan(60);
    for (const { prefix, middle, suffix, lines } of holes) {
      expect(lastLine(prefix).trim()).toBe('');
      expect(middle).toBe(middle.trim());
      expect(lines).toBe(1);
      expect(firstLine(suffix).trim()).toBe('');
    }
    const middles = holes.map(({ middle }) => middle);
    expect(middles).toContain('return price.quantize(ROUNDING)');
    expect(middles).not.toContain('pass');
    expect(middles).not.toContain('else:');
    expect(middles).not.toContain('}');
  });

  it('chunk: one to ten lines behind the first one’s indentation', async () => {
    const holes = await sample(bothRepositories(), only('chunk'));
    expect(holes.length).toBeGreaterThan(10);
    for (const { prefix, middle, suffix, lines } of holes) {
      expect(lastLine(prefix).trim()).toBe('');
      expect(middle).toBe(middle.trim());
      expect(lines).toBeLessThanOrEqual(10);
      expect(firstLine(suffix).trim()).toBe('');
      expect(middle).not.toMatch(/^[)\]}]/);
      const [, ...further] = middle.split('\n').filter((line) => line.trim() !== '');
      for (const line of further)
        expect(/^\s*/.exec(line)![0].length).toBeGreaterThanOrEqual(lastLine(prefix).length);
    }
    expect(new Set(holes.map(({ lines }) => lines)).size).toBeGreaterThan(2);
  });

  it.each(['go', 'java', 'rust'])('chunk: ends where a statement does in %s', async (language) => {
    const holes = await sample(bracedRepository(language), only('chunk'));
    expect(holes.length).toBeGreaterThan(8);
    for (const { prefix, middle, suffix, lines } of holes) {
      const depth = [...middle].reduce(
        (sum, char) => sum + ('([{'.includes(char) ? 1 : ')]}'.includes(char) ? -1 : 0),
        0,
      );
      expect(depth, middle).toBe(0);
      expect(lines).toBeLessThanOrEqual(10);
      const next = suffix.split('\n').find((line) => line.trim() !== '') ?? '';
      const indentation = next.search(/\S|$/);
      expect(indentation, middle).toBeLessThanOrEqual(lastLine(prefix).length);
      // What is indented less goes on with what is around the hole.
      if (indentation === lastLine(prefix).length)
        expect(next.trim(), middle).not.toMatch(/^(?:\.|else|\|\||\+ |where|\{)/);
      expect(middle).not.toMatch(/(?:^|\n)\s*(?:@Override|#\[inline\]|\/\/.*)$|\{$/);
    }
    expect(new Set(holes.map(({ lines }) => lines)).size).toBeGreaterThan(2);
  });

  it('call: of what another file defines, from the line or from the parenthesis on', async () => {
    const defined = [
      'gross_price',
      'open_store',
      'write_cart',
      'PriceList',
      'cheapest_first',
      'StoreError',
    ].concat([
      'Cart',
      'best_offers',
      'net_price',
      'createDeferred',
      'JobQueue',
      'settleAfter',
      'enqueue',
      'put',
      'total',
    ]);
    const beginnings = new Set<string>();
    for (const seed of ['1', '2', '3', '4']) {
      const holes = await sample(bothRepositories(), { ...only('call'), seed });
      expect(holes.length).toBeGreaterThan(6);
      for (const { prefix, middle, suffix, lines } of holes) {
        const before = lastLine(prefix);
        const called = defined.some(
          (name) => `${before}${middle}`.includes(`${name}(`) || middle.includes(name),
        );
        expect(called, middle).toBe(true);
        expect(before.trim() === '' || before.endsWith('(')).toBe(true);
        beginnings.add(before.endsWith('(') ? 'parenthesis' : 'line');
        expect(lines).toBeLessThanOrEqual(8);
        expect(firstLine(suffix).trim()).toBe('');
        expect(middle).not.toMatch(/^\)/);
        expect(middle).not.toMatch(/logging|Decimal|json\.|dumps/);
      }
    }
    expect(beginnings).toEqual(new Set(['line', 'parenthesis']));
  });

  it('function: a body of three to thirty lines, its docstring before the hole', async () => {
    const holes = await sample(bothRepositories(), only('function'));
    expect(holes.length).toBeGreaterThan(8);
    for (const { prefix, middle, lines, path } of holes) {
      expect(lastLine(prefix).trim()).toBe('');
      expect(lines).toBeGreaterThanOrEqual(3);
      expect(lines).toBeLessThanOrEqual(30);
      expect(middle).not.toMatch(/^"""/);
      if (path.endsWith('.ts')) expect(prefix.trimEnd()).toMatch(/\{$/);
      else expect(prefix.trimEnd()).toMatch(/(:|""")$/);
    }
    const put = holes.find(
      ({ prefix }) => prefix.includes('Adds an item') && prefix.trimEnd().endsWith('"""'),
    );
    expect(put?.middle).toMatch(/^for line in self\.lines:[^]*return line$/);
  });
});

it('leaves out what lies around a syntax error', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => `value_${i} = compute(${i}, offset)`);
  lines[30] = 'value_30 = = compute((';
  const holes = await sample([{ path: 'a.py', text: `${lines.join('\n')}\n` }], only('line'));
  const numbers = holes.map(({ prefix }) => prefix.split('\n').length - 1);
  expect(numbers.filter((line) => Math.abs(line - 30) <= 10)).toEqual([]);
});
