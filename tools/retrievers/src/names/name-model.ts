import { readFileSync } from 'node:fs';
import { invalidArgument } from '@repoformer/domain';

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

/** Measured: 0 finds half a point more of the names that few repositories have, and seven points less of all names. */
export const GENERIC_FACTOR = 0.3;

let known: NameModel | undefined;

/** The model that comes with this tool, made by `fit-names` on the training repositories of `standard.json`. */
export function defaultNameModel(): NameModel {
  known ??= parseNameModel(readFileSync(new URL('../../data/name-model.json', import.meta.url), 'utf8'));
  return known;
}

/** @throws AppError invalid_argument saying what makes the text no name model */
export function parseNameModel(text: string): NameModel {
  const refuse = (problem: string) => invalidArgument('name model', `${problem}; make one with fit-names`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('is not JSON');
  }
  const { schema, weights, genericFactor } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (schema !== 1) throw refuse('is not of schema 1');
  const given = (weights ?? {}) as Partial<Record<string, unknown>>;
  const names = Object.keys(given);
  if (names.length !== NAME_FEATURES.length || !NAME_FEATURES.every((name) => Number.isFinite(given[name]))) {
    throw refuse(`must have a number for each of ${NAME_FEATURES.join(', ')}`);
  }
  if (typeof genericFactor !== 'number' || !(genericFactor >= 0 && genericFactor <= 1)) {
    throw refuse('must have a genericFactor from 0 to 1');
  }
  return { weights: given as NameFeatures, genericFactor };
}

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
