import { readFile } from 'node:fs/promises';
import type { Copying } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { PromptCopier, type CopiedTokens } from './prompt-copier.js';

const [MARKER, BLANK, LAST, LAST_ON_LINE, ALONE_ON_LINE] = [99, 98, 97, 96, 95];
const TEXTS = { [MARKER]: '', [BLANK]: '\n', [LAST]: ')', [LAST_ON_LINE]: ')\n', [ALONE_ON_LINE]: ']\n' };
const tokens: CopiedTokens = {
  bytesOf: (token) => new TextEncoder().encode((TEXTS as Record<number, string>)[token] ?? 'x'),
  beforeLineEnd: (token) => (token === LAST_ON_LINE ? LAST : undefined),
  ends: [MARKER],
};
const copying = (
  before: readonly number[],
  passages: readonly (readonly number[])[] = [],
  weight = 0.5,
): Copying => ({
  weight,
  before: Int32Array.from(before),
  passages: passages.map((each) => Int32Array.from(each)),
  copiesItself: true,
});
const copier = (...args: Parameters<typeof copying>) => new PromptCopier(copying(...args), tokens);
/** What a model says: given probabilities, and little of everything else. */
const saying = (said: Record<number, number>) => (token: number) => said[token] ?? 0.001;
const chosen = (by: PromptCopier, best: number, said: Record<number, number>) =>
  by.choose(best, by.candidates(), saying(said));

interface SharedFixture {
  /** Of each token, in hex. */
  readonly bytes: readonly string[];
  /** Tokens that end what is written. */
  readonly ends: readonly number[];
  readonly cases: readonly {
    readonly copying: Pick<Copying, 'weight' | 'copiesItself'> & {
      readonly before: readonly number[];
      readonly passages: readonly (readonly number[])[];
    };
    readonly steps: readonly {
      readonly allowed?: readonly number[];
      readonly candidates: readonly number[];
      readonly best: number;
      /** What the model says of each token. */
      readonly said: readonly number[];
      readonly chosen: number;
      readonly score: number;
    }[];
  }[];
}

describe('PromptCopier', () => {
  it('proposes what followed the last token, in the text and elsewhere, but no markers', () => {
    expect(copier([1, 2, 1]).candidates()).toEqual([2]);
    expect(copier([1], [[5, 1, 7, 1, MARKER]]).candidates()).toEqual([7]);
    expect(copier([1], [[7, 8]]).candidates()).toEqual([]);
    expect(copier([]).candidates()).toEqual([]);
  });

  it('leaves the text itself aside where it is not to copy from it', () => {
    const other = { ...copying([1, 2, 1], [[1, 7]]), copiesItself: false };
    expect(new PromptCopier(other, tokens).candidates()).toEqual([7]);
  });

  it('scores a token as it chooses: by the mixture', () => {
    const one = copier([1], [[1, 7]], 0.2);
    expect(one.score(7, Math.log(0.1))).toBeCloseTo(Math.log(0.8 * 0.1 + 0.2));
    expect(one.score(4, Math.log(0.5))).toBeCloseTo(Math.log(0.8 * 0.5));
    expect(copier([1], [[2, 3]]).score(4, -3)).toBe(-3);
  });

  it('says what PyTorch is made to say in tools/trainer', async () => {
    const fixture = JSON.parse(
      await readFile(new URL('../../../test/fixtures/trainer/copying.json', import.meta.url), 'utf8'),
    ) as SharedFixture;
    const texts = fixture.bytes.map((hex) => Buffer.from(hex, 'hex').toString());
    const shared: CopiedTokens = {
      bytesOf: (token) => Buffer.from(texts[token]!),
      beforeLineEnd: (token) => {
        const found = texts.indexOf(texts[token]!.split('\n')[0]!);
        return found < 0 ? undefined : found;
      },
      ends: fixture.ends,
    };
    for (const { copying: asked, steps } of fixture.cases) {
      const { before, passages, ...rest } = asked;
      const each = new PromptCopier(
        { ...rest, before: Int32Array.from(before), passages: passages.map((one) => Int32Array.from(one)) },
        shared,
      );
      for (const { allowed, candidates, best, said, chosen: expected, score } of steps) {
        expect(each.candidates(allowed && ((token) => allowed.includes(token)))).toEqual(candidates);
        expect(each.choose(best, candidates, (token) => said[token]!)).toBe(expected);
        expect(each.score(expected, Math.log(said[expected]!))).toBeCloseTo(score, 9);
        each.push(expected);
      }
    }
  });

  it('prefers what followed the longer match', () => {
    const { length } = copier([3, 1], [[2, 1, 7, 2, 1, 7, 3, 1, 8]]).candidates();
    expect(length).toBe(2);
    expect(copier([3, 1], [[2, 1, 7, 2, 1, 7, 3, 1, 8]]).candidates()[0]).toBe(8);
  });

  it('chooses the likeliest of model and matches together', () => {
    // One token matches, and always went on with 7: half of the model's say is its.
    const one = copier([1], [[1, 7]], 0.5);
    expect(chosen(one, 4, { 4: 0.6, 7: 0.2 })).toBe(7);
    expect(chosen(copier([1], [[1, 7]], 0.2), 4, { 4: 0.6, 7: 0.2 })).toBe(4);
    // Two tokens match: .2 and then .2 of the rest.
    expect(chosen(copier([2, 1], [[2, 1, 7]], 0.2), 4, { 4: 0.6, 7: 0.2 })).toBe(7);
    expect(chosen(copier([2, 1], [[2, 1, 7]], 0.2), 4, { 4: 0.9, 7: 0.01 })).toBe(4);
  });

  it('is torn where matches went on in different ways', () => {
    const passage = [1, 7, 1, 8, 1, 9];
    expect(chosen(copier([1], [passage]), 4, { 4: 0.6 })).toBe(4);
    expect(chosen(copier([1], [passage]), 7, { 7: 0.2, 8: 0.3 })).toBe(8);
  });

  it('leaves it to the model how likely the end is, and shares what remains', () => {
    expect(chosen(copier([1], [[1, 7]], 0.9), MARKER, { [MARKER]: 0.6, 7: 0.2 })).toBe(MARKER);
    expect(chosen(copier([1], [[1, 7]], 0.9), MARKER, { [MARKER]: 0.4, 7: 0.2 })).toBe(7);
    expect(chosen(copier([1], [[1, 7]], 0.2), MARKER, { [MARKER]: 0.4, 7: 0.2 })).toBe(MARKER);
  });

  it('takes a line end for an end, too, and leaves it to the model which of the two it is', () => {
    const one = () => copier([1], [[1, BLANK]], 0.5);
    expect(one().candidates()).toEqual([BLANK, MARKER]);
    expect(chosen(one(), 4, { 4: 0.6, [BLANK]: 0.1, [MARKER]: 0.2 })).toBe(MARKER);
    expect(chosen(one(), 4, { 4: 0.6, [BLANK]: 0.2, [MARKER]: 0.1 })).toBe(BLANK);
    expect(chosen(one(), MARKER, { [BLANK]: 0.2, [MARKER]: 0.4 })).toBe(MARKER);
    expect(chosen(copier([1], [[1, BLANK]], 0.1), 4, { 4: 0.7, [MARKER]: 0.2 })).toBe(4);
  });

  it('ends a line as the model would: by a token with the line end in it, or without', () => {
    const one = () => copier([1], [[1, LAST_ON_LINE]], 0.5);
    expect(one().candidates()).toEqual([LAST_ON_LINE, LAST]);
    expect(chosen(one(), 4, { 4: 0.6, [LAST]: 0.3, [LAST_ON_LINE]: 0.1 })).toBe(LAST);
    expect(chosen(one(), 4, { 4: 0.6, [LAST]: 0.1, [LAST_ON_LINE]: 0.3 })).toBe(LAST_ON_LINE);
    // Where the vocabulary has no other, it is copied as it is.
    expect(chosen(copier([1], [[1, ALONE_ON_LINE]]), 4, { 4: 0.4 })).toBe(ALONE_ON_LINE);
  });

  it('proposes no end while something typed is to be written again', () => {
    expect(copier([1], [[1, BLANK]], 0.5).candidates((token) => token === BLANK)).toEqual([BLANK]);
  });

  it('leaves the choice to the model where nothing matches', () => {
    expect(chosen(copier([1], [[2, 3]]), 4, { 4: 0.1 })).toBe(4);
  });

  it('makes nothing of what followed white space, but of white space behind something', () => {
    expect(copier([1, BLANK], [[2, BLANK, 7]]).candidates()).toEqual([]);
    expect(copier([1, BLANK], [[1, BLANK, 7, 2, BLANK, 8]]).candidates()).toEqual([7]);
    expect(copier([1], [[1, BLANK]]).candidates()).toEqual([BLANK, MARKER]);
  });

  it('proposes only what is allowed', () => {
    const both = copier([1], [[1, 7, 1, 8, 1, 8]]);
    expect(both.candidates()).toEqual([8, 7]);
    expect(both.candidates((token) => token === 7)).toEqual([7]);
  });

  it('goes on behind what was chosen', () => {
    const going = copier([1], [[1, 7, 8, 9]]);
    const written = [];
    for (let step = 0; step < 3; step++) {
      const token = chosen(going, 4, { 4: 0.3 });
      going.push(token);
      written.push(token);
    }
    expect(written).toEqual([7, 8, 9]);
    going.push(4);
    expect(going.candidates()).toEqual([]);
  });

  it('asks for a few candidates only, the most promising ones', () => {
    const passage = Array.from({ length: 100 }, (_, index) => [1, 200 + index]).flat();
    const asked = copier([5, 1], [[...passage, 5, 1, 300]]).candidates();
    expect(asked.length).toBeLessThan(50);
    expect(asked[0]).toBe(300);
  });
});
