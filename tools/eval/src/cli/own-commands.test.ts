import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readHoles, writeRepository } from '@repoformer/dataset';
import { tunedPolicyPath } from '@repoformer/models';
import { parsePolicy } from '@repoformer/policy';
import { LEAST_GROUPS, LEAST_HOLES } from '@repoformer/policy-tool';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { measureRepository } from '../own/measure-repository.js';
import { readSettings } from '../own/read-settings.js';
import { sketchLabel, sketchPolicy } from '../testing.js';
import { createFixture, runEval, type CliFixture } from './testing.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await createFixture(1);
  const config = join(fixture.base, 'config');
  await mkdir(join(config, 'repoformer'), { recursive: true });
  const options = { model: 'repoformer-nano', 'retrieved-tokens': 96, policy: 'similarity', threshold: 0.4 };
  await writeFile(join(config, 'repoformer', 'config.json'), JSON.stringify(options));
  vi.stubEnv('XDG_CONFIG_HOME', config);
  vi.stubEnv('XDG_DATA_HOME', join(fixture.base, 'data'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
});

const runOn = (root: string, command: 'own' | 'tune', ...flags: string[]) => {
  const cache = join(fixture.base, 'cache');
  const common = ['--holes', '2', '--threads', '1', '--cache', cache, '--quiet'];
  return runEval([command, root, ...common, ...flags]);
};
const run = (command: 'own' | 'tune', ...flags: string[]) =>
  runOn(fixture.repository.root, command, ...flags);

const LIBRARIES = new URL('../../../../libs/', import.meta.url);

/** A repository of enough files to tune on. */
async function writeProject(root: string): Promise<void> {
  const files = ['fim', 'metrics', 'postprocess'].flatMap((library) => {
    const folder = new URL(`${library}/src/`, LIBRARIES);
    return readdirSync(folder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => ({ path: `${library}/${name}`, bytes: readFileSync(new URL(name, folder)) }));
  });
  await writeRepository(root, 'project', files);
}

/** Has labels in the cache as of a model that context always leads astray. @returns how many, of how many files */
async function prepareHarm(root: string): Promise<{ readonly holes: number; readonly files: number }> {
  const controller = new AbortController();
  // It gives up before the first hole is measured: what is measured then lies there.
  const { dataset, labels } = await measureRepository({
    path: root,
    settings: await readSettings({ 'prefill-threads': '1' }),
    holes: LEAST_HOLES,
    cacheDirectory: join(fixture.base, 'cache'),
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  const holes = (await readHoles(dataset)).filter(({ context }) => context.chunks.length > 0);
  const lines = holes.map((hole) => {
    const { id, kind, prefix, middle, suffix, path } = hole;
    const sketch = { id, kind, prefix, middle, suffix, path, completions: [middle, '0'] };
    return `${JSON.stringify(sketchLabel(sketch, hole))}\n`;
  });
  await writeFile(join(labels, 'labels-0-of-1.jsonl'), lines.join(''));
  return { holes: holes.length, files: new Set(holes.map(({ path }) => path)).size };
}

describe('tune', () => {
  it('needs a policy to begin with, and says so before it measures', async () => {
    await expect(run('tune')).rejects.toThrow(/no fitted policy for repoformer-nano .*--policy/);
    expect(existsSync(join(fixture.base, 'cache'))).toBe(false);
  });

  it('leaves a policy as it is where a few places say nothing', async () => {
    const policy = join(fixture.base, 'policy.json');
    await writeFile(policy, JSON.stringify(sketchPolicy()));
    const out = join(fixture.base, 'tuned.json');
    expect(await run('tune', '--policy', policy, '--out', out)).toContain('the policy stays as it is');
    expect(existsSync(out)).toBe(false);
  });

  it('writes a policy that is found from then on, where the present one is clearly wrong', async () => {
    const policy = join(fixture.base, 'eager.json');
    await writeFile(policy, JSON.stringify(sketchPolicy()));
    const root = join(fixture.base, 'project');
    await writeProject(root);
    const { holes, files } = await prepareHarm(root);
    expect(holes).toBeGreaterThanOrEqual(LEAST_HOLES);
    expect(files).toBeGreaterThanOrEqual(LEAST_GROUPS);
    const { config } = await readSettings({});
    const out = tunedPolicyPath(config.modelsDir, 'repoformer-nano');
    const enough = ['--holes', String(LEAST_HOLES), '--eagerness', 'eager'];
    try {
      const said = await runOn(root, 'tune', ...enough, '--policy', policy);
      expect(said).toMatch(/policy as it is +edit similarity \d\.\d, context at 100 %/);
      expect(said).toMatch(/tuned, on held-out +edit similarity 100\.0, context at 0 %/);
      expect(said).toContain(`Better: written to ${out}.`);
      expect(parsePolicy(await readFile(out, 'utf8')).name).toBe('sketch tuned');
      // Without a policy named it is the one that is found, and there is nothing left to do better.
      const again = await runOn(root, 'tune', ...enough);
      expect(again).toMatch(/policy as it is +edit similarity 100\.0, context at 0 %/);
      expect(again).toContain('the policy stays as it is');
    } finally {
      await rm(out, { force: true });
    }
  });
});

describe('own', () => {
  it('judges the daemon as it is set', async () => {
    const { files } = JSON.parse(await run('own', '--json')) as { files: { markdown: string } };
    const markdown = await readFile(files.markdown, 'utf8');
    expect(markdown).toContain('similarity &gt; 0.4');
    expect(markdown).toContain('96 of context');
  });
});
