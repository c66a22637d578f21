import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatMs, formatNoun, formatTable } from './units.js';

it('writes counts', () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([formatNoun(1, 'file'), formatNoun(0n, 'file')]).toEqual(['1 file', '0 files']);
});

it('writes times', () => {
  expect([0, 0.44, 9.96, 38.4, 999.4, 999.6, 61_000].map(formatMs)).toEqual([
    '0 ms',
    '0.4 ms',
    '10 ms',
    '38 ms',
    '999 ms',
    '1.0 s',
    '61.0 s',
  ]);
});

it('writes sizes', () => {
  expect([0, 512, 999, 1000, 1_500_000, 491e6, 2e12].map(formatBytes)).toEqual([
    '0 B',
    '512 B',
    '999 B',
    '1.0 kB',
    '1.5 MB',
    '491 MB',
    '2.0 TB',
  ]);
});

it('aligns columns', () => {
  expect(
    formatTable([
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b']);
});
