import type { DecisionRequest } from '@repoformer/domain';
import type { ScoreRequest } from '../gen/repoformer/v1/policy_pb.js';
import {
  checkLabel,
  checkRelativePath,
  checkRepository,
  checkText,
  checkThreshold,
  REQUEST_LIMITS,
} from './request-checks.js';

/** @throws AppError invalid_argument/INVALID_REQUEST, naming the field. */
export function parseScoreRequest(request: ScoreRequest): DecisionRequest {
  const threshold = checkThreshold('threshold', request.threshold);
  return {
    repository: checkRepository('repository', request.repository, true),
    path: checkRelativePath('path', request.path, true),
    prefix: checkText('prefix', request.prefix, REQUEST_LIMITS.textBytes),
    suffix: checkText('suffix', request.suffix, REQUEST_LIMITS.textBytes),
    policy: checkLabel('policy', request.policy, REQUEST_LIMITS.nameBytes),
    ...(threshold !== undefined && { threshold }),
  };
}
