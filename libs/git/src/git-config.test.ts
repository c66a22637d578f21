import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { parseGitBoolean, parseGitConfig } from './git-config.js';
import { Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

describe('parseGitConfig', () => {
  it.each([
    ['plain values', '[core]\n\tbare = false\n\trepositoryformatversion=1\n'],
    ['case', '[CoRe]\n BARE = TrUe\n'],
    ['comments', '# a\n; b\n[core] # c\nx = 1 ; d\ny = "a#b;c" # e\nz = a\\"b # f\n'],
    ['white space', '[a]\n  k =   two  words   here  \n q = "  kept  " \n m = a"  b"  c \n'],
    ['escapes', '[a]\nk = one\\ttwo\\\\three\n'],
    ['continued lines', '[a]\nk = one \\\n  two\n'],
    ['subsections', '[remote "Or\\"i\\\\gin x"]\n url = /a b\n[branch "main"] merge = refs/heads/main\n'],
    ['keys alone and empty values', '[a]\nflag\nempty =\n'],
    ['the last of several', '[a]\nk = 1\n[b]\nk = 2\n[a]\nk = 3\n'],
  ])('reads %s as git does', (_, text) => {
    const file = scratch.path('config');
    writeFileSync(file, text);
    const expected = new Map(
      scratch
        .git('.', 'config', '--file', file, '-z', '--list')
        .split('\0')
        .filter((entry) => entry !== '')
        .map((entry) => {
          const [key, ...value] = entry.split('\n');
          return [key!, value.length === 0 ? 'true' : value.join('\n')];
        }),
    );
    expect(Object.fromEntries(parseGitConfig(text))).toEqual(Object.fromEntries(expected));
  });

  it('passes over damaged lines', () => {
    expect(parseGitConfig('key = before a section\n[a\n[b]\n= 1\n!!\nk = 1').get('b.k')).toBe('1');
  });

  it('knows how git spells booleans', () => {
    expect(['true', 'Yes', 'ON', '1'].map(parseGitBoolean)).toEqual([true, true, true, true]);
    expect(['false', 'no', 'Off', '0', ''].map(parseGitBoolean)).toEqual([false, false, false, false, false]);
    expect(parseGitBoolean('perhaps')).toBeUndefined();
  });
});
