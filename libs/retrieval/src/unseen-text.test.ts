import { describe, expect, it } from 'vitest';
import { unseenText } from './unseen-text.js';

const file = Array.from({ length: 60 }, (_, i) => `line ${i}`);
const whole = file.join('\n');
/** The numbers of the lines that are left. */
const left = (text: string) => text.split('\n').flatMap((line, i) => (line === '' ? [] : [i]));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const at = (line: number) => whole.indexOf(`line ${line}\n`) + 3;

describe('unseenText', () => {
  it('leaves the lines that are seen empty, in blocks of ten, and the others in their places', () => {
    const cursor = at(34);
    // Eight characters a line: some seven lines before and two after.
    const text = unseenText(whole.slice(0, cursor), whole.slice(cursor), { beforeChars: 56, afterChars: 16 });
    expect(left(text)).toEqual([...range(0, 20), ...range(40, 60)]);
    expect(text.split('\n')[45]).toBe('line 45');
  });

  it('does not change while something is typed on a line', () => {
    const cursor = at(34);
    const seen = { beforeChars: 56, afterChars: 16 };
    const before = unseenText(whole.slice(0, cursor), whole.slice(cursor), seen);
    expect(unseenText(`${whole.slice(0, cursor)}typed`, whole.slice(cursor), seen)).toBe(before);
  });

  it("is empty when all is seen, and all but the cursor's block when nothing is", () => {
    expect(left(unseenText(whole, '', { beforeChars: 1e9, afterChars: 0 }))).toEqual([]);
    expect(left(unseenText('', whole, { beforeChars: 0, afterChars: 1e9 }))).toEqual([]);
    expect(left(unseenText('', whole, { beforeChars: 0, afterChars: 0 }))).toEqual(range(10, 60));
    expect(unseenText('', '', { beforeChars: 5, afterChars: 5 })).toBe('');
  });
});
