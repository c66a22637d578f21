export { CompletionFilter, type FilterOptions, type FilterStep, type StopRule } from './completion-filter.js';
