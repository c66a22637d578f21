/** What is known of a name that might be needed, as numbers. */
export const NAME_FEATURES = [
  'votes',
  'subWords',
  'frequency',
  'ownCount',
  'member',
  'called',
  'sameLine',
  'imported',
  'followsMatch',
  'beginsWithPartial',
] as const;

export type NameFeature = (typeof NAME_FEATURES)[number];
export type NameFeatures = Record<NameFeature, number>;

/** How probable it is that a name is the one needed: a linear score, softmax over all candidates. */
export interface NameModel {
  readonly weights: Readonly<NameFeatures>;
  /** What the chance of a generic word is multiplied by: a model knows it without being shown. */
  readonly genericFactor: number;
}

/**
 * Fitted by conditional logit on 5,490 holes of 61 repositories (Python, JavaScript, TypeScript; truth: names of the
 * code that is missing that the prompt does not show and few repositories have).
 */
export const NAME_MODEL: NameModel = {
  weights: {
    votes: 0.66,
    subWords: 2.07,
    frequency: -0.39,
    ownCount: 0.64,
    member: 0.86,
    called: 0.54,
    sameLine: 1.81,
    imported: 2.48,
    followsMatch: 2.85,
    beginsWithPartial: 3.05,
  },
  genericFactor: 0.3,
};

/** The chance of each name that it is needed; all together at most 1. */
export function chancesOf(
  candidates: ReadonlyMap<string, NameFeatures>,
  { weights, genericFactor }: NameModel,
  isGeneric: (name: string) => boolean,
): Map<string, number> {
  const scores = [...candidates].map(([name, features]) => {
    let score = 0;
    for (const feature of NAME_FEATURES) score += weights[feature] * features[feature];
    return [name, score] as const;
  });
  const most = scores.reduce((max, [, score]) => Math.max(max, score), -Infinity);
  const odds = scores.map(([name, score]) => [name, Math.exp(score - most)] as const);
  const total = odds.reduce((sum, [, each]) => sum + each, 0);
  return new Map(odds.map(([name, each]) => [name, (each / total) * (isGeneric(name) ? genericFactor : 1)]));
}
