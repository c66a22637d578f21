import { describe, expect, it } from 'vitest';
import { weightedQuery } from './weighted-query.js';
import { wordSet } from './word-set.js';

/** Closeness by word. */
function closenessOf(prefix: string, suffix: string): Record<string, number> {
  const { words, closeness } = weightedQuery(prefix, suffix);
  const names = [...new Set(`${prefix} ${suffix}`.match(/\w+/g) ?? [])];
  return Object.fromEntries(
    names.flatMap((name) => {
      const { highs, lows } = wordSet(name);
      const at = words.highs.findIndex((high, i) => high === highs[0] && words.lows[i] === lows[0]);
      return at < 0 ? [] : [[name, Number(closeness[at]!.toFixed(6))]];
    }),
  );
}

describe('weightedQuery', () => {
  it('counts a word less for each line between it and the cursor', () => {
    expect(closenessOf('three\ntwo\none\nhere + ', 'rest;\nbelow\nfurther')).toEqual({
      here: 1,
      one: 0.6,
      two: 0.36,
      three: 0.216,
      rest: 0.774597,
      below: 0.464758,
      further: 0.278855,
    });
  });

  it('counts a word where it is closest', () => {
    expect(closenessOf('name\nother\nname(', ')\nother')).toEqual({ name: 1, other: 0.6 });
  });

  it('looks at sixteen lines up to the cursor and at eight below its line', () => {
    const above = Array.from({ length: 20 }, (_, i) => `a${20 - i}`).join('\n');
    const below = Array.from({ length: 12 }, (_, i) => `b${i + 1}`).join('\n');
    const names = Object.keys(closenessOf(`${above}\nx`, `y\n${below}`));
    expect(names).toHaveLength(15 + 2 + 8);
    expect(names).toContain('a15');
    expect(names).toContain('b8');
  });

  it('may be empty', () => {
    expect(weightedQuery('', '').words.size).toBe(0);
    expect(closenessOf('', 'a')).toEqual({ a: 0.774597 });
  });
});
