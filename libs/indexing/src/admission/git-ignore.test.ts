import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { GitIgnore } from './git-ignore.js';

const root = mkdtempSync(join(tmpdir(), 'repoformer-ignore-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'core.excludesFile=/dev/null', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  });

const FILES = [
  'a.ts',
  'b.log',
  'dir/a.ts',
  'dir/b.log',
  'dir/deep/a.ts',
  'dir/deep/c.ts',
  'out/a.ts',
  'dir/out/x.ts',
];
const line = fc.constantFrom(
  ...[
    '*.log',
    '!b.log',
    'out/',
    '/out',
    'dir/*',
    '!dir/deep/',
    'deep',
    '**/c.ts',
    'dir/**/a.ts',
    '!a.ts',
    '/a.ts',
  ],
  ...['# no pattern', '', '*', '!*/', 'dir/deep/c.ts', '[ab].*', 'a.ts  '],
);
const rules = fc.array(line, { maxLength: 4 }).map((lines) => `${lines.join('\n')}\n`);

describe('GitIgnore', () => {
  it('ignores what git ignores, whatever lies in which folder', () => {
    git('init', '-q');
    for (const file of FILES) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    fc.assert(
      fc.property(rules, rules, rules, rules, (exclude, top, dir, deep) => {
        writeFileSync(join(root, '.git/info/exclude'), exclude);
        const byFolder = { '': top, 'dir/': dir, 'dir/deep/': deep };
        for (const [folder, text] of Object.entries(byFolder))
          writeFileSync(join(root, folder, '.gitignore'), text);
        const ignore = new GitIgnore();
        ignore.add('', exclude);
        const walk = (path: string): boolean => {
          const folders = path.split('/').slice(0, -1);
          let folder = '';
          for (const name of ['', ...folders.map((one) => `${one}/`)]) {
            folder += name;
            if (folder !== '' && ignore.isIgnored(folder)) return false;
          }
          return !ignore.isIgnored(path);
        };
        for (const [folder, text] of Object.entries(byFolder)) ignore.add(folder, text);
        const expected = git('ls-files', '--others', '--exclude-standard')
          .split('\n')
          .filter((path) => FILES.includes(path));
        expect(FILES.filter(walk).sort()).toEqual(expected.sort());
      }),
      { numRuns: 60, seed: 20260101 },
    );
  });
});
