import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsePolicy } from '@repoformer/policy';
import { describe, expect, it } from 'vitest';

interface Entry {
  readonly name: string;
  readonly sha256: string;
  readonly merged?: { readonly sha256: string };
  readonly policy?: { readonly name: string; readonly file?: string };
}

const pathOf = (path: string) => fileURLToPath(new URL(`../../models/${path}`, import.meta.url));
const read = (path: string) => readFileSync(pathOf(path), 'utf8');
const { models } = JSON.parse(read('catalog.json')) as { readonly models: readonly Entry[] };
/** Labels are made with the file that is loaded. */
const loaded = new Map(models.map(({ name, sha256, merged }) => [name, merged?.sha256 ?? sha256]));

describe('the policies that come with the program', () => {
  it('are those that the catalogue names, one of them for the default model, and those with another model', () => {
    const named = models.flatMap(({ policy }) => policy?.file ?? []);
    expect(models.find((model) => 'default' in model)!.policy?.file).toBeDefined();
    const others = readdirSync(pathOf('policies')).filter((file) => !named.includes(file));
    for (const file of others) expect(parsePolicy(read(`policies/${file}`)).prober).toBeDefined();
  });

  it.each(readdirSync(pathOf('policies')))('%s loads, and is of models as they are now', (file) => {
    // Its golden values are checked as it loads.
    const { generator, prober } = parsePolicy(read(`policies/${file}`));
    expect(generator.sha256).toBe(loaded.get(generator.name));
    if (prober) expect(prober.sha256).toBe(loaded.get(prober.name));
  });
});
