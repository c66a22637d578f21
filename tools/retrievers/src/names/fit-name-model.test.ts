import { seededRandom } from '@repoformer/dataset';
import { describe, expect, it } from 'vitest';
import { fitNameModel, toNameChoice, type NameChoice } from './fit-name-model.js';
import { defaultNameModel, NAME_FEATURES, parseNameModel, type NameFeatures } from './name-model.js';

const featuresOf = (value: (feature: string) => number) =>
  Object.fromEntries(NAME_FEATURES.map((feature) => [feature, value(feature)])) as NameFeatures;

const TRUE_WEIGHTS = featuresOf((feature) => ({ votes: 1, imported: 2, frequency: -0.5 })[feature] ?? 0);

/** Holes at which names are needed as a model with these weights says. */
function drawChoices(count: number, weights: NameFeatures): NameChoice[] {
  const random = seededRandom('choices');
  return Array.from({ length: count }, () => {
    const candidates = new Map(
      Array.from({ length: 20 }, (_, at) => [
        `name${at}`,
        featuresOf((feature) => (feature === 'member' ? 0 : random.next() * 4 - 2)),
      ]),
    );
    const odds = [...candidates.values()].map((features) =>
      Math.exp(NAME_FEATURES.reduce((sum, name) => sum + weights[name] * features[name], 0)),
    );
    let left = random.next() * odds.reduce((sum, each) => sum + each, 0);
    const needed = odds.findIndex((each) => (left -= each) <= 0);
    return toNameChoice(candidates, new Set([`name${needed}`]));
  });
}

describe('fitting', () => {
  it('finds the weights again that the choices were made with', () => {
    const { weights, loss, lossWithout } = fitNameModel(drawChoices(2000, TRUE_WEIGHTS));
    for (const feature of NAME_FEATURES)
      expect(Math.abs(weights[feature] - TRUE_WEIGHTS[feature])).toBeLessThan(0.12);
    expect(lossWithout).toBeCloseTo(Math.log(20), 10);
    expect(loss).toBeLessThan(lossWithout - 1);
    // It never differs.
    expect(weights.member).toBe(0);
  });

  it('is the same whatever the order of the choices', () => {
    const choices = drawChoices(50, TRUE_WEIGHTS);
    const [one, other] = [fitNameModel(choices), fitNameModel([...choices].reverse())];
    for (const feature of NAME_FEATURES) expect(other.weights[feature]).toBeCloseTo(one.weights[feature], 8);
  });

  it('shares what is needed between the names that are', () => {
    const zero = featuresOf(() => 0);
    const candidates = new Map([
      ['a', zero],
      ['b', zero],
      ['c', zero],
    ]);
    expect([...toNameChoice(candidates, new Set(['a', 'c', 'elsewhere'])).needed]).toEqual([0.5, 0, 0.5]);
    expect(() => toNameChoice(candidates, new Set(['elsewhere']))).toThrow('needed');
  });
});

describe('a model as text', () => {
  const good = { schema: 1, weights: TRUE_WEIGHTS, genericFactor: 0.3 };

  it('is read', () => {
    expect(parseNameModel(JSON.stringify(good))).toEqual({ weights: TRUE_WEIGHTS, genericFactor: 0.3 });
    expect(defaultNameModel().weights.imported).toBeGreaterThan(0);
  });

  it.each([
    ['{', 'not JSON'],
    ['null', 'schema 1'],
    [JSON.stringify({ ...good, schema: 2 }), 'schema 1'],
    [JSON.stringify({ ...good, weights: { votes: 1 } }), 'a number for each'],
    [JSON.stringify({ ...good, weights: { ...TRUE_WEIGHTS, more: 1 } }), 'a number for each'],
    [JSON.stringify({ ...good, genericFactor: 2 }), 'genericFactor'],
  ])('is refused where it is none: %s', (text, problem) => {
    expect(() => parseNameModel(text)).toThrow(problem);
  });
});
