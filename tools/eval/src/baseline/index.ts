export { completeByNgram, type NgramCompletionOptions } from './complete-by-ngram.js';
export { NGRAM_ORDER, NgramModel, type SourceFile } from './ngram-model.js';
