/** Chunks that a ranking has at most: more than any budget holds. */
export const RANKED = 100;
