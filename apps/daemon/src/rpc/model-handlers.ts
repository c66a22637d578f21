import { toModelMessage } from '@repoformer/protocol';
import type { ModelReport, ServiceImplementation, ModelService } from '@repoformer/protocol';

export function createModelHandlers(models: {
  report(): ModelReport[];
}): ServiceImplementation<typeof ModelService> {
  return {
    listModels: () => ({ models: models.report().map(toModelMessage) }),
  };
}
