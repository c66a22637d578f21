import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { domainOf, ticksOf } from './charts/chart.js';

describe('axes', () => {
  it('have round ticks', () => {
    expect(ticksOf([0, 1], 4)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(ticksOf([-5, 4], 4)).toEqual([-4, -2, 0, 2, 4]);
    expect(ticksOf([612, 948], 3)).toEqual([700, 800, 900]);
    expect(ticksOf([0, 0.63], 3)).toEqual([0, 0.2, 0.4, 0.6]);
  });

  it('have at least one tick and not many more than asked for, for any values', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value), fc.integer({ min: 2, max: 6 }), (values, most) => {
        const domain = domainOf(values);
        expect(domain[1]).toBeGreaterThan(domain[0]);
        const ticks = ticksOf(domain, most);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(ticks.length).toBeLessThanOrEqual(most + 2);
      }),
    );
  });
});
