import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository, PROJECT_ROOT, runCli } from './harness/index.js';
import { writeSyntheticPolicy } from './synthetic-policy.js';

/** The commands that measure a repository, as a user runs them. */
describe('repoformer report and tune', () => {
  const directory = mkdtempSync(join(tmpdir(), 'repoformer-report-'));
  let repository: GitRepository;
  const cli = (...args: string[]) =>
    runCli(args, {
      cwd: repository.root,
      env: {
        REPOFORMER_MODEL: 'repoformer-nano',
        REPOFORMER_DATA_DIR: join(directory, 'data'),
        XDG_CACHE_HOME: join(directory, 'cache'),
        XDG_CONFIG_HOME: join(directory, 'config'),
      },
    });

  beforeAll(() => {
    repository = GitRepository.create('my project');
    const folder = join(PROJECT_ROOT, 'libs/metrics/src');
    const sources = ['cut-to-lines.ts', 'edit-similarity.ts', 'identifiers.ts', 'whitespace.ts'];
    repository.commit(
      Object.fromEntries(sources.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
    );
  });
  afterAll(() => {
    repository?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  it('report answers in words and writes a page where it is told to', async () => {
    const out = join(directory, 'page');
    const { code, stdout, stderr } = await cli('report', '--holes', '4', '--out', out, '--threads', '2');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('with 4 holes');
    expect(stdout).toContain(join(out, 'report.html'));
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('my project');
    expect(stderr).toContain('4 of 4 places measured');
  });

  it('report --json prints one object, and measures nothing twice', async () => {
    const { code, stdout, stderr } = await cli('report', '.', '--holes', '4', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const verdict = JSON.parse(stdout) as { pays: string; files: { html: string } };
    expect(verdict.pays).toBe('unknown');
    expect(verdict.files.html.startsWith(join(directory, 'cache'))).toBe(true);
    expect(existsSync(verdict.files.html)).toBe(true);
  });

  it('what the evaluation refuses ends the command with its exit status, said once', async () => {
    const { code, stdout, stderr } = await cli('report', directory);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.match(/not a git repository/g)).toHaveLength(1);
  });

  it('tune leaves a policy as it is where a few places say nothing', async () => {
    const policy = join(directory, 'policy.json');
    writeSyntheticPolicy(policy);
    const out = join(directory, 'tuned.json');
    const tuned = await cli('tune', '--holes', '4', '--policy-file', policy, '--out', out);
    expect(tuned).toMatchObject({ code: 0, stdout: expect.stringContaining('the policy stays as it is') });
    expect(existsSync(out)).toBe(false);
  });
});
