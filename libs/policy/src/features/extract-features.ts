import { estimateTokens, readChunk, type WordWeight } from './chunk-facts.js';
import { chunkFeatures } from './chunk-features.js';
import { MAX_CHUNKS, type Features, type FeatureView } from './feature-view.js';
import { CHUNK_FEATURES, HOLE_FEATURES } from './feature-names.js';
import { readFile } from './file-facts.js';
import { holeFeatures } from './hole-features.js';

/**
 * The features of a hole and of its chunks: the one code for fitting and for serving. Takes well under a
 * millisecond, whatever the size of the file, for it looks at a bounded part of it.
 */
export function extractFeatures(view: FeatureView): Features {
  const file = readFile(view);
  const weight = wordWeight(view.words);
  const shown = view.chunks.slice(0, MAX_CHUNKS);
  const chunks = shown.map((chunk, at) => readChunk(chunk, view.chunkTokens?.[at], file, weight));
  const contextTokens =
    view.contextTokens ?? view.chunkTokens?.reduce((total, tokens) => total + tokens, 0) ?? sumTokens(shown);
  const hole = holeFeatures({ file, chunks, contextTokens, weight, path: view.path });
  return {
    hole: HOLE_FEATURES.map((name) => finite(hole[name])),
    chunks: chunkFeatures(file, chunks, weight).map((row) => CHUNK_FEATURES.map((name) => finite(row[name]))),
  };
}

function sumTokens(chunks: FeatureView['chunks']): number {
  return chunks.reduce((total, chunk) => total + estimateTokens(chunk.text), 0);
}

/** Rarity in the index: 1 for a word of no window, 0 for one of all. */
function wordWeight(words: FeatureView['words']): WordWeight {
  if (!words || !(words.windows > 0)) return () => 0.5;
  const scale = Math.log(words.windows + 1);
  return (word) => {
    const frequency = words.frequencies.get(word);
    if (frequency === undefined) return 0.5;
    return Math.min(1, Math.max(0, 1 - Math.log(frequency + 1) / scale));
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
