import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EngineCounters, ModelInfo } from '@repoformer/domain';
import type { ModelSchema } from '../gen/repoformer/v1/model_pb.js';

/** A model of the daemon, loaded or not. */
export interface ModelReport {
  readonly name: string;
  /** Any of "generator", "policy", "embedding". */
  readonly roles: readonly string[];
  /** FIM family; empty while it is not known. */
  readonly family: string;
  readonly adapters: readonly string[];
  readonly selfSelecting: boolean;
  /** Absent: not loaded. */
  readonly loaded?: { readonly info: ModelInfo; readonly counters: EngineCounters };
}

/** A model as it is sent. */
export function toModelMessage(report: ModelReport): MessageInitShape<typeof ModelSchema> {
  const { loaded } = report;
  const common = {
    name: report.name,
    roles: [...report.roles],
    family: report.family,
    adapters: [...report.adapters],
    selfSelecting: report.selfSelecting,
    loaded: loaded !== undefined,
  };
  if (loaded === undefined) return common;
  const { info, counters } = loaded;
  return {
    ...common,
    architecture: info.architecture,
    parameters: BigInt(info.parameters),
    fileBytes: BigInt(info.fileBytes),
    memoryBytes: BigInt(info.memoryBytes),
    contextTokens: info.contextTokens,
    device: info.device,
    counters: {
      evaluatedTokens: BigInt(counters.evaluatedTokens),
      reusedTokens: BigInt(counters.reusedTokens),
      generatedTokens: BigInt(counters.generatedTokens),
      requests: BigInt(counters.requests),
      cancelledRequests: BigInt(counters.cancelledRequests),
      restarts: BigInt(counters.restarts),
    },
  };
}
