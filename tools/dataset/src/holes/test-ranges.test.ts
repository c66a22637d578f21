import fc from 'fast-check';
import { expect, it } from 'vitest';
import { testRanges } from './test-ranges.js';

const textsOf = (text: string, language = 'rust') =>
  testRanges(text, language).map(({ start, end }) => text.slice(start, end));

const MODULE = '#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn works() {\n    }\n}';

it('finds modules for tests up to their brace', () => {
  expect(textsOf(`fn a() {}\n\n${MODULE}\n\nfn b() {}\n`)).toEqual([MODULE]);
  const inner = MODULE.replace(/^/gm, '    ');
  expect(textsOf(`mod m {\n${inner}\n}\n${MODULE}\n`)).toEqual([inner, MODULE]);
  const marked = '#[cfg(all(test, feature = "std"))]\n#[allow(unused)]\n// Slow.\npub(crate) mod tests {\n}';
  expect(textsOf(`fn a() {}\n${marked}\n`)).toEqual([marked]);
});

it('takes a module without an end up to the end of the file', () => {
  const open = '#[cfg(test)]\nmod tests {\n    fn works() {';
  expect(textsOf(`fn a() {}\n${open}`)).toEqual([open]);
});

it.each([
  '#[cfg(not(test))]\nmod real {\n}\n',
  '#[cfg(all(unix, not(test)))]\nmod real {\n}\n',
  '#[cfg(feature = "test")]\nmod real {\n}\n',
  '#[cfg(test)]\nuse std::fmt;\n',
  '#[cfg(test)]\nmod tests;\n',
  '// #[cfg(test)]\nmod m {\n}\n',
  'mod tests {\n}\n',
])('takes nothing else for one: %s', (text) => {
  expect(textsOf(text)).toEqual([]);
});

it('knows nothing of other languages', () => {
  expect(textsOf(MODULE, 'go')).toEqual([]);
});

it('gives ranges within the text, one after the other, whatever it is', () => {
  const line = fc.constantFrom('#[cfg(test)]', 'mod t {', '  mod t {', '}', '  }', '#[x]', '', 'fn f() {}');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines.join('\n');
      let at = 0;
      for (const { start, end } of testRanges(text, 'rust')) {
        expect(start).toBeGreaterThanOrEqual(at);
        expect(end).toBeGreaterThan(start);
        at = end;
      }
      expect(at).toBeLessThanOrEqual(text.length);
    }),
  );
});
