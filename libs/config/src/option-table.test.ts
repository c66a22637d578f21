import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createFileSchema } from './file-schema.js';
import { OPTION_TABLE } from './option-table.js';
import { propertyOf } from './option.js';
import type { OptionRow } from './option.js';
import { parseValue } from './parse-value.js';
import { renderHelp } from './render-help.js';
import { renderReference } from './render-reference.js';
import { resolveConfig } from './resolve-config.js';

const rows: readonly OptionRow[] = OPTION_TABLE;
const machine = { platform: 'linux', homeDir: '/h', tempDir: '/tmp', cwd: '/w', uid: 1 };

describe.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => {
  it('is named by rule', () => {
    expect(row.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(rows.filter(({ name }) => propertyOf(name) === propertyOf(row.name))).toHaveLength(1);
  });

  it('has a default that it would accept itself', () => {
    if (row.default === undefined) expect(row.defaultDoc).toBeDefined();
    else
      expect(parseValue(row, row.default, { machine, base: '/', typed: true })).toEqual({
        value: row.default,
      });
  });

  it('has limits where it is a number, choices where it is a choice', () => {
    const isNumber = row.type === 'integer' || row.type === 'number';
    expect(row.min !== undefined && row.max !== undefined).toBe(isNumber);
    expect(row.choices !== undefined).toBe(row.type === 'choice');
  });

  it('is explained in sentences', () => {
    expect(row.doc).toMatch(/^[`A-Z].*\.$/);
  });

  it("is the user's alone where it names a file, an address or a model", () => {
    if (['path', 'paths', 'model', 'address', 'name'].includes(row.type)) expect(row.scope).toBe('user');
  });
});

it('resolves to one property for each row', () => {
  const { config } = resolveConfig({ machine });
  expect(Object.keys(config).sort()).toEqual(rows.map(({ name }) => propertyOf(name)).sort());
});

describe('generated pages are up to date (run vitest with -u after a change of the table)', () => {
  const page = (name: string): string =>
    fileURLToPath(new URL(`../../../docs/reference/${name}`, import.meta.url));

  it('options.md', () => expect(renderReference()).toMatchFileSnapshot(page('options.md')));
  it('config.schema.json', () =>
    expect(`${JSON.stringify(createFileSchema(), null, 2)}\n`).toMatchFileSnapshot(
      page('config.schema.json'),
    ));
});

it('lists in help what the program heeds, and nothing else', () => {
  const help = renderHelp('cli', 60);
  expect(help).toContain('--data-dir <PATH>');
  expect(help).not.toContain('--queue-limit');
  expect(help.split('\n').every((line) => line.length <= 60 || !line.trim().includes(' '))).toBe(true);
});
