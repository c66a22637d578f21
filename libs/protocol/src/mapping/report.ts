import { invalidArgument } from '@repoformer/domain';
import { Feedback } from '../gen/repoformer/v1/completion_pb.js';
import type { ReportRequest } from '../gen/repoformer/v1/completion_pb.js';
import { checkLabel, REQUEST_LIMITS } from './request-checks.js';

export type FeedbackKind = 'shown' | 'accepted' | 'accepted_partly' | 'rejected';

/** What a client says became of a completion. */
export interface CompletionFeedback {
  readonly completionId: string;
  readonly feedback: FeedbackKind;
  /** UTF-16 code units accepted so far; only with `accepted_partly`. */
  readonly acceptedLength?: number;
}

/** @throws AppError invalid_argument/INVALID_REQUEST, naming the field. */
export function parseReportRequest(request: ReportRequest): CompletionFeedback {
  const completionId = checkLabel('completion_id', request.completionId, REQUEST_LIMITS.nameBytes);
  if (completionId === '') throw invalidArgument('completion_id', 'is empty');
  const feedback = parseFeedback(request.feedback);
  return feedback === 'accepted_partly'
    ? { completionId, feedback, acceptedLength: request.acceptedLength }
    : { completionId, feedback };
}

function parseFeedback(feedback: Feedback): FeedbackKind {
  switch (feedback) {
    case Feedback.SHOWN:
      return 'shown';
    case Feedback.ACCEPTED:
      return 'accepted';
    case Feedback.ACCEPTED_PARTLY:
      return 'accepted_partly';
    case Feedback.REJECTED:
      return 'rejected';
    default:
      throw invalidArgument('feedback', 'must be one of the named values');
  }
}
