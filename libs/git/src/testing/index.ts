export { historyStep, RandomHistory, type HistoryStep } from './random-history.js';
export { Scratch } from './scratch-repository.js';
export { LONG_TESTS, propertyRuns } from './test-size.js';
export { deflateZeros, treeOf, writeLoose, writeObject, writePack } from './raw-objects.js';
