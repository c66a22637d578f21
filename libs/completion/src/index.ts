export {
  CompletionService,
  type CompletionDependencies,
  type CompletionOptions,
  type ScoreRequest,
} from './completion-service.js';
export type { ModelProvider } from './formatted-models.js';
