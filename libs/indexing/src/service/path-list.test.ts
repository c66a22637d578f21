import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PathList } from './path-list.js';

it('is a sorted list, whenever it is looked at', () => {
  const step = fc.record({
    path: fc.constantFrom('a', 'b', 'B', 'a/b', 'é', '', 'zz'),
    isLookedAt: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new PathList();
      const expected = new Set<string>();
      for (const { path, isLookedAt } of steps) {
        if (expected.delete(path)) {
          list.remove(path);
        } else {
          expected.add(path);
          list.add(path);
        }
        expect(list.size).toBe(expected.size);
        if (isLookedAt) expect(list.sorted).toEqual([...expected].sort());
      }
      expect(list.sorted).toEqual([...expected].sort());
    }),
  );
});

it('takes thousands of paths in and out', () => {
  const list = new PathList();
  const paths = Array.from({ length: 50_000 }, (_, i) => `src/${(i * 7919) % 50_000}.ts`);
  for (const path of paths) list.add(path);
  for (const path of paths.slice(1)) list.remove(path);
  expect(list.sorted).toEqual([paths[0]]);
});
