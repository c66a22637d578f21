import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsePolicy } from '@repoformer/policy';
import { describe, expect, it } from 'vitest';

interface Entry {
  readonly name: string;
  readonly sha256: string;
  readonly merged?: { readonly sha256: string };
  readonly policy?: { readonly name: string; readonly file?: string };
}

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../models/${path}`, import.meta.url)), 'utf8');
const { models } = JSON.parse(read('catalog.json')) as { readonly models: readonly Entry[] };
const fitted = models.flatMap(({ name, sha256, merged, policy }) =>
  // Labels are made with the file that is loaded.
  policy?.file === undefined ? [] : [{ name, sha256: merged?.sha256 ?? sha256, file: policy.file }],
);

describe('the policies of the catalogue', () => {
  it('has one for the default model', () => {
    const entry = models.find((model) => 'default' in model)!;
    expect(fitted.map(({ name }) => name)).toContain(entry.name);
  });

  it.each(fitted)('$file loads, gives its golden values, and is of $name', ({ sha256, file }) => {
    const policy = parsePolicy(read(`policies/${file}`));
    expect(policy.generator.sha256).toBe(sha256);
  });
});
