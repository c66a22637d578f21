import { expect, it } from 'vitest';
import { parseDuration, toDuration } from './duration.js';

it.each([
  ['500ms', 500, { seconds: 0n, nanos: 500_000_000 }],
  ['2s', 2000, { seconds: 2n, nanos: 0 }],
  ['1.5s', 1500, { seconds: 1n, nanos: 500_000_000 }],
  ['1m', 60_000, { seconds: 60n, nanos: 0 }],
  ['0.25ms', 0.25, { seconds: 0n, nanos: 250_000 }],
])('reads %s', (text, ms, duration) => {
  expect(parseDuration('--budget', text)).toBe(ms);
  expect(toDuration(ms)).toEqual(duration);
});

it.each(['', '2', '0s', '-1s', '2h', '1e3ms', 's'])('refuses %j', (text) => {
  expect(() => parseDuration('--budget', text)).toThrow('is no time; write 500ms, 2s or 1m');
});
