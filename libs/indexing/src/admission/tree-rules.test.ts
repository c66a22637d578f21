import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admitPath } from './admission.js';
import { hashRules, TreeRules } from './tree-rules.js';

const skip = (path: string, files: Record<string, string> = {}) =>
  new TreeRules(new Map(Object.entries(files))).skip(path);

describe('paths by name', () => {
  it.each([
    [
      'secret',
      [
        '.env',
        'a/.env.local',
        '.env.production',
        'prod.env',
        'key.pem',
        'x/server.key',
        'id_rsa',
        'id_ed25519',
        'credentials',
        'credentials.json',
        'aws_credentials',
        '.npmrc',
        '.netrc',
        '.pypirc',
        'a.p12',
        'b.kdbx',
        'secrets.yaml',
        'client_secret_1.json',
        'x/SERVICE-ACCOUNT.json',
        'terraform.tfvars',
      ],
    ],
    [
      'vendored',
      [
        'node_modules/a/b.js',
        'a/vendor/b.go',
        'third_party/x.c',
        'web/dist/app.js',
        'venv/lib/x.py',
        'Pods/A.m',
        'gradlew',
        'js/jquery-3.1.min.js',
      ],
    ],
    [
      'generated',
      [
        'package-lock.json',
        'a/yarn.lock',
        'go.sum',
        'Cargo.lock',
        'a.min.js',
        'a.pb.go',
        'a_pb2.py',
        'x/__snapshots__/a.txt',
        'a.js.map',
      ],
    ],
    [
      undefined,
      [
        'src/a.ts',
        '.env.example',
        '.env.sample',
        '.env.template',
        'id_rsa.pub',
        'environment.ts',
        'credentials.ts',
        'src/credentials/store.py',
        'keyboard.key.ts',
        'vendor.ts',
        'distance.py',
        'jquery.ts',
        'secrets.ts',
        'package.json',
        'src/lock.ts',
        'monkey.py',
        'env/main.go',
        'terraform.tfvars.example',
      ],
    ],
  ] as const)('%s', (reason, paths) => {
    for (const path of paths) expect([path, admitPath(path)]).toEqual([path, reason]);
  });

  it('refuses paths that lead out of the repository', () => {
    for (const path of ['../a', '/a', 'a/../b', 'a//b', './a', '', '.git/config', 'a/.git/b', 'a\0b']) {
      expect([path, admitPath(path)]).toEqual([path, 'unsafe_path']);
    }
  });
});

describe('attributes', () => {
  it('overrule names for vendored and generated files, never for secrets', () => {
    const files = {
      '.gitattributes':
        '*.lock -linguist-generated\nvendor/** linguist-vendored=false\n.env -linguist-generated\n',
    };
    expect(skip('yarn.lock', files)).toBeUndefined();
    expect(skip('vendor/deep/a.go', files)).toBeUndefined();
    expect(skip('.env', files)).toBe('secret');
  });

  it('mark files, the nearest and last line winning', () => {
    const files = {
      '.gitattributes':
        '# comment\n*.ts linguist-generated\n"with space/*" linguist-vendored\n*.md text eol=lf\n',
      'src/.gitattributes': '*.ts linguist-generated\n/own.ts -linguist-generated\n',
    };
    expect(skip('a.ts', files)).toBe('generated');
    expect(skip('src/b.ts', files)).toBe('generated');
    expect(skip('src/own.ts', files)).toBeUndefined();
    expect(skip('src/deep/own.ts', files)).toBe('generated');
    expect(skip('with space/a.c', files)).toBe('vendored');
    expect(skip('a.md', files)).toBeUndefined();
  });
});

describe('rules in general', () => {
  it('hash by path and content of the rule files, not by order', () => {
    const a = hashRules(
      new Map([
        ['x', '1'],
        ['y', '2'],
      ]),
    );
    expect(
      hashRules(
        new Map([
          ['y', '2'],
          ['x', '1'],
        ]),
      ),
    ).toBe(a);
    expect(
      hashRules(
        new Map([
          ['x', '2'],
          ['y', '1'],
        ]),
      ),
    ).not.toBe(a);
    expect(hashRules(new Map())).not.toBe(a);
  });

  it('do not let a hostile pattern take exponential time', () => {
    const pattern = '*a'.repeat(60) + 'b';
    const files = {
      '.repoformerignore': `${pattern}\n${'**/'.repeat(40)}x\nkeep-out\n`,
      '.gitattributes': `${pattern} linguist-generated\n`,
    };
    expect(skip('a'.repeat(250), files)).toBeUndefined();
    expect(skip('keep-out', files)).toBe('ignored');
  });

  it('come on top of the built-in ones', () => {
    const rules = new TreeRules(new Map([['.repoformerignore', 'private/\n']]));
    expect(admitPath('private/a.ts', rules)).toBe('ignored');
    expect(admitPath('private/a.ts')).toBeUndefined();
    expect(admitPath('.env', rules)).toBe('secret');
    expect(admitPath('../a.ts', rules)).toBe('unsafe_path');
  });
});

describe('ignore files', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'ignore-'));
    spawnSync('git', ['init', '-q', directory]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const name = fc.constantFrom('a', 'b', 'c.ts', 'd');
  const pattern = fc
    .tuple(
      fc.constantFrom('', '!'),
      fc.constantFrom('', '/', '**/'),
      fc.array(
        fc.constantFrom('a', 'b', 'c.ts', '*', '*.ts', '?', 'd', '**', '[ab]', '[!a]', 'c*', '\\a', 'a '),
        { minLength: 1, maxLength: 2 },
      ),
      fc.constantFrom('', '/', '/**'),
    )
    .map(([not, start, parts, end]) => not + start + parts.join('/') + end);
  const ruleFile = fc.array(pattern, { minLength: 1, maxLength: 4 }).map((all) => all.join('\n') + '\n');
  const where = fc.constantFrom('', 'a/', 'a/b/');
  const paths = ['a', 'b', 'c.ts', 'd'].flatMap((top) => [
    `x/${top}`,
    `a/b/${top}`,
    `a/a/${top}`,
    `b/d/${top}/c.ts`,
    `b/${top}.ts`,
    `a/${top}x`,
  ]);

  it('say what git says of the same patterns', () => {
    fc.assert(
      fc.property(fc.dictionary(where, ruleFile, { minKeys: 1, maxKeys: 3 }), name, (rules, extra) => {
        rmSync(join(directory, 'a'), { recursive: true, force: true });
        rmSync(join(directory, '.gitignore'), { force: true });
        const files: Record<string, string> = {};
        for (const [at, text] of Object.entries(rules)) {
          files[`${at}.repoformerignore`] = text;
          mkdirSync(dirname(join(directory, at, 'x')), { recursive: true });
          writeFileSync(join(directory, at, '.gitignore'), text);
        }
        const asked = [...paths, `${extra}/${extra}y`];
        const { stdout, status } = spawnSync('git', ['check-ignore', '--no-index', '--stdin', '-z'], {
          cwd: directory,
          input: asked.join('\0'),
          encoding: 'utf8',
        });
        expect(status).toBeLessThan(2);
        const ours = asked.filter((path) => skip(path, files) === 'ignored');
        expect(ours).toEqual(stdout.split('\0').filter(Boolean));
      }),
      { numRuns: 150 },
    );
  });
});
