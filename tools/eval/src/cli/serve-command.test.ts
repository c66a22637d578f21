import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServeRun } from '../serve/serve-run.js';
import { sketchPolicy } from '../testing.js';
import { createFixture, runEval, type CliFixture } from './testing.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await createFixture(3);
});
afterAll(() => fixture.remove());

const serve = (out: string, ...flags: string[]) =>
  runEval([
    ...['serve', fixture.dataset, '--repo', fixture.repository.root, '--out', join(fixture.base, out)],
    ...['--model', 'repoformer-nano', '--threads', '1', '--limit', '1', ...flags],
  ]);
const fileOf = (...path: string[]) => readFile(join(fixture.base, ...path), 'utf8');

describe('serve', () => {
  it('measures through the service and the index, writes tables, and measures nothing twice', async () => {
    const said = await serve('out', '--modes', 'never,always');
    expect(said).toBe(await fileOf('out', 'serve.md'));
    expect(said).toMatch(/^\| never +\| cold /m);
    const measured = await fileOf('out', 'requests.jsonl');
    expect(measured.trimEnd().split('\n')).toHaveLength(1);
    const { run } = JSON.parse(await serve('out', '--modes', 'always, never', '--json')) as { run: ServeRun };
    expect(run).toMatchObject({ model: { name: 'repoformer-nano' }, policy: { label: 'similarity' } });
    expect(await fileOf('out', 'requests.jsonl')).toBe(measured);
  });

  it('decides by the policy that is named', async () => {
    const policy = join(fixture.base, 'policy.json');
    await writeFile(policy, JSON.stringify(sketchPolicy()));
    await serve('fitted', '--modes', 'auto', '--policy', policy);
    const [line] = (await fileOf('fitted', 'requests.jsonl')).split('\n');
    expect(JSON.parse(line!)).toMatchObject({
      requests: [{ decision: { policy: 'classifier' } }, { decision: { policy: 'classifier' } }],
    });
    await expect(serve('fitted', '--modes', 'auto')).rejects.toThrow(/another policy/);
  });

  it('says which modes there are, and that a policy is not there', async () => {
    await expect(serve('out', '--modes', 'sometimes')).rejects.toThrow(/never, always, auto/);
    await expect(serve('none', '--policy', join(fixture.base, 'nothing.json'))).rejects.toMatchObject({
      kind: 'not_found',
    });
  });
});
