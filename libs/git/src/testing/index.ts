export { historyStep, RandomHistory, type HistoryStep } from './random-history.js';
export { Scratch } from './scratch-repository.js';
export { LONG_TESTS, propertyRuns } from './test-size.js';
export { treeOf, writeObject } from './raw-objects.js';
