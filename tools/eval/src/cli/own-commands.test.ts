import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sketchPolicy } from '../testing.js';
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

const run = (command: 'own' | 'tune', ...flags: string[]) => {
  const cache = join(fixture.base, 'cache');
  const common = ['--holes', '2', '--threads', '1', '--cache', cache, '--quiet'];
  return runEval([command, fixture.repository.root, ...common, ...flags]);
};

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
});

describe('own', () => {
  it('judges the daemon as it is set', async () => {
    const { files } = JSON.parse(await run('own', '--json')) as { files: { markdown: string } };
    const markdown = await readFile(files.markdown, 'utf8');
    expect(markdown).toContain('similarity &gt; 0.4');
    expect(markdown).toContain('96 of context');
  });
});
