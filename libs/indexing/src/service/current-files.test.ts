import type { RetrievalQuery } from '@repoformer/domain';
import { unseenText } from '@repoformer/retrieval';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CurrentFiles } from './current-files.js';

const text = fc
  .array(fc.constantFrom('word ', 'größe', '\n', '\n'), { maxLength: 60 })
  .map((all) => all.join(''));
const query = fc.record({
  path: fc.constantFrom('', ...Array.from({ length: 12 }, (_, n) => `f${n}`)),
  prefix: text,
  suffix: text,
  visible: fc.option(fc.record({ beforeChars: fc.nat(60), afterChars: fc.nat(60) }), { nil: undefined }),
});

describe('CurrentFiles', () => {
  it('gives what is left of each file, whatever was asked before and however little it may keep', () => {
    fc.assert(
      fc.property(
        fc.array(query, { maxLength: 30 }),
        fc.constantFrom(0, 20_000, 1e9),
        (queries, maxBytes) => {
          const files = new CurrentFiles(150, maxBytes);
          for (const one of queries) {
            const unseen = files.unseen(one as unknown as RetrievalQuery);
            const { path, prefix, suffix, visible } = one;
            const expected = path && visible ? unseenText(prefix, suffix, visible) : undefined;
            // Larger ones in bytes are left out by the rules for contents.
            expect(unseen?.text).toBe(expected && expected.length > 150 ? undefined : expected);
          }
        },
      ),
    );
  });
});
