export {
  CompletionService,
  type CompletionDependencies,
  type CompletionOptions,
} from './completion-service.js';
export type { ModelProvider } from './formatted-models.js';
