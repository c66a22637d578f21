import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PROJECT_ROOT, runCli } from './harness/index.js';

const README = readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8');

/** What the documents promise, tried. */
describe('the README', () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'repoformer-start-'));
  const environment = {
    ...process.env,
    REPOFORMER_DATA_DIR: dataDirectory,
    REPOFORMER_MODELS_DIR: join(dataDirectory, 'models'),
    REPOFORMER_MODEL: '',
  };

  afterAll(async () => {
    await runCli(['down'], { env: { REPOFORMER_DATA_DIR: dataDirectory } });
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  it('npm start -- --offline completes a line of this repository and says what is next, twice', () => {
    for (const run of ['first', 'second']) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/setup/start.mjs', '--offline'], {
        cwd: PROJECT_ROOT,
        env: environment,
        encoding: 'utf8',
        timeout: 170_000,
      });
      expect(status, `${run}: ${stdout}${stderr}`).toBe(0);
      expect(stdout + stderr).toMatch(/repoformer-small/);
      expect(stdout + stderr).toMatch(/(retrieve|abstain) +\S/);
      expect(stdout).toMatch(/npx repoformer repo add/);
    }
  });

  it('names only commands that exist', async () => {
    const commands = [...README.matchAll(/^npx repoformer ([a-z]+)(?: (add|install))?/gm)];
    expect(commands.length).toBeGreaterThan(5);
    for (const [, command, sub] of commands) {
      const { code, stdout } = await runCli([command!, ...(sub ? [sub] : []), '--help']);
      expect(code, `${command} ${sub ?? ''}`).toBe(0);
      expect(stdout).toMatch(/Usage:/);
    }
  });
});

describe('links of documents', () => {
  const documents = ['.', 'docs', 'docs/adr', 'docs/formats', 'docs/reference'].flatMap((folder) =>
    readdirSync(join(PROJECT_ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  );
  it.each(documents)('%s', (document) => {
    const text = readFileSync(join(PROJECT_ROOT, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) =>
      join(dirname(document), link!),
    );
    const named = [...text.matchAll(/`((?:apps|libs|tools|proto|docs|test|models)\/[\w./-]+)`/g)].map(
      ([, path]) => path!,
    );
    for (const path of [...links, ...named]) expect(existsSync(join(PROJECT_ROOT, path)), path).toBe(true);
  });
});
