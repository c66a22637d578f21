export { lexCode } from './lexer.js';
export { completeByNgram, type NgramCompletionOptions } from './complete-by-ngram.js';
export { NGRAM_ORDER, NgramModel, type SourceFile } from './ngram-model.js';
export { describeNgramRun, NgramRunner } from './ngram-runner.js';
