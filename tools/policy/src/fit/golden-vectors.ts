import {
  createFittedPolicy,
  goldenValues,
  type Features,
  type GoldenVector,
  type PolicyDocument,
  type Probe,
} from '@repoformer/policy';
import type { FitHole } from './fit-table.js';

const VECTORS = 10;

/** Holes spread over all that the policy says, with what it says of them. */
export function goldenVectors(document: PolicyDocument, holes: readonly FitHole[]): GoldenVector[] {
  const policy = createFittedPolicy(document);
  const inputs = holes.map((hole): Features & { probe?: Probe } => {
    const probe = probeFor(document, hole);
    return { hole: hole.holeFeatures, chunks: hole.chunkFeatures, ...(probe && { probe }) };
  });
  const order = inputs
    .map((input) => ({ input, p: policy.probability(input) }))
    .sort((a, b) => a.p - b.p || a.input.chunks.length - b.input.chunks.length);
  const last = order.length - 1;
  return Array.from({ length: Math.min(VECTORS, order.length) }, (_, at) => {
    const { input } = order[Math.round((at * last) / (VECTORS - 1))]!;
    return { ...input, expected: goldenValues(document, input) };
  });
}

/** A hole's probe as the document's read-out wants it. */
function probeFor({ stages }: PolicyDocument, { probe }: FitHole): Probe | undefined {
  if (!stages.probed || !probe) return undefined;
  const { readouts, ...rest } = probe;
  const readout = stages.probed.readout && readouts?.[stages.probed.readout.place];
  return { ...rest, ...(readout && { readout }) };
}
