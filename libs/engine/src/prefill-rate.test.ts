import { describe, expect, it } from 'vitest';
import { PrefillRate } from './prefill-rate.js';

describe('PrefillRate', () => {
  it('knows nothing before a chunk that is large enough', () => {
    const rate = new PrefillRate();
    rate.add(4, 100);
    rate.add(128, 0);
    expect(rate.msPerToken()).toBeUndefined();
  });

  it('is not moved by one slow chunk, and follows a lasting change', () => {
    const rate = new PrefillRate();
    for (let n = 0; n < 9; n += 1) rate.add(128, 128);
    rate.add(128, 128_000);
    expect(rate.msPerToken()).toBe(1);
    for (let n = 0; n < 31; n += 1) rate.add(128, 256);
    expect(rate.msPerToken()).toBe(2);
  });
});
