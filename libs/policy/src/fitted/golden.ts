import { createFittedPolicy } from './fitted-policy.js';
import type { JsonReader } from './json-reader.js';
import type { GoldenVector, PolicyDocument } from './policy-document.js';

/** Differences of floating-point arithmetic stay far below, any real one far above. */
const TOLERANCE = 1e-9;

/** What a policy makes of a hole: the expected values of a golden vector. */
export function goldenValues(
  document: PolicyDocument,
  { hole, chunks, probe }: Omit<GoldenVector, 'expected'>,
): GoldenVector['expected'] {
  const policy = createFittedPolicy(document);
  const features = { hole, chunks };
  const chunkGains = policy.chunkGains(features);
  return {
    free: policy.probability(features),
    ...(document.stages.probed && probe && { probed: policy.probability(features, probe) }),
    ...(chunkGains && { chunkGains }),
  };
}

/** Fails the document where it does not give its own golden values: another reading of it, or a damaged file. */
export function checkGolden(document: PolicyDocument, json: JsonReader): void {
  document.golden.forEach((vector, at) => {
    const { free, probed, chunkGains = [] } = goldenValues(document, vector);
    const { expected } = vector;
    const pairs: [string, number | undefined, number | undefined][] = [
      ['free', free, expected.free],
      ['probed', probed, expected.probed],
    ];
    for (let chunk = 0; chunk < Math.max(chunkGains.length, expected.chunkGains?.length ?? 0); chunk++) {
      pairs.push([`chunkGains[${chunk}]`, chunkGains[chunk], expected.chunkGains?.[chunk]]);
    }
    for (const [name, value, wanted] of pairs) {
      if (value === undefined && wanted === undefined) continue;
      const difference = Math.abs((value ?? NaN) - (wanted ?? NaN));
      if (!(difference <= TOLERANCE)) json.fail(`[${at}].expected.${name} is not what the policy gives`);
    }
  });
  if (document.stages.probed && !document.golden.some(({ expected }) => expected.probed !== undefined)) {
    json.fail('says nothing of the probed stage');
  }
}
