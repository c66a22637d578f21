import { describe, expect, it } from 'vitest';
import { parseFlags } from './parse-flags.js';

describe('parseFlags', () => {
  it('reads values, switches, lists and the rest', () => {
    expect(
      parseFlags(
        [
          '--top-k',
          '5',
          '--gpu=none',
          '--allow-remote',
          '--adapter',
          '/a',
          '--adapter=/b',
          'x',
          '--',
          '--top-k',
        ],
        'daemon',
      ),
    ).toEqual({
      flags: { 'top-k': '5', gpu: 'none', 'allow-remote': true, adapter: ['/a', '/b'] },
      rest: ['x', '--top-k'],
      help: false,
      version: false,
    });
  });

  it('turns switches off, and asks for help and version', () => {
    expect(parseFlags(['--no-offline', '-h', '--version'], 'daemon')).toMatchObject({
      flags: { offline: false },
      help: true,
      version: true,
    });
  });

  it.each([
    [['--top-l', '5'], 'unknown flag "--top-l"; did you mean --top-k?'],
    [['-x'], 'unknown flag "-x"; see --help'],
    [['--top-k'], '--top-k: needs a value'],
    [['--no-offline=1'], '--no-offline: takes no value'],
    [['--mode', 'auto'], 'unknown flag "--mode"; did you mean --model?'],
  ])('refuses %j', (args, message) => {
    expect(() => parseFlags(args, 'daemon')).toThrow(
      expect.objectContaining({ message, kind: 'invalid_argument' }),
    );
  });
});
