import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

// The program as it is installed: run `npx tsc -b apps/cli` first.
const HOST = new URL('../dist/host.js', import.meta.url);

it('leaves imports following links when the output is a pipe', () => {
  const script = `
    const { createProcessHost } = await import(${JSON.stringify(HOST.href)});
    createProcessHost();
    process.stdout.write(import.meta.resolve('@repoformer/models'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/\/libs\/models\/dist\/index\.js$/);
});
