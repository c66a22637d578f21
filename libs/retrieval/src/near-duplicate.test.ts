import { describe, expect, it } from 'vitest';
import { createNearDuplicateTest } from './near-duplicate.js';

const context =
  'def load(path):\n    with open(path) as file:\n        return json.load(file)\n\nvalue = 1\n}\n';

describe('createNearDuplicateTest', () => {
  it.each<[string, string, boolean]>([
    ['the same lines', 'def load(path):\n    with open(path) as file:\n', true],
    [
      'the same lines, indented otherwise and with CRLF',
      '\tdef load(path):\r\n\t\twith open(path) as file:\r\n',
      true,
    ],
    ['one new line in five', `${context}new_line()\n`, true],
    ['one new line in four', 'def load(path):\nvalue = 1\nreturn json.load(file)\nnew_line()\n', false],
    ['new lines', 'def save(path):\n    pass\n', false],
    ['the same words in other lines', 'def load(path): return json.load(file)\n', false],
    ['brackets that the context has too', '}\n}\n}\nnew_line()\n', false],
    ['brackets only', '}\n}\n', false],
    ['nothing', '', false],
  ])('of %s', (_, chunk, expected) => {
    expect(createNearDuplicateTest(context)(chunk)).toBe(expected);
  });

  it('takes another share', () => {
    const test = createNearDuplicateTest(context, 0.5);
    expect(test('value = 1\nnew_line()')).toBe(true);
    expect(test('value = 1\nnew_line()\nother()')).toBe(false);
    expect(createNearDuplicateTest('', 0.5)('value = 1')).toBe(false);
  });
});
