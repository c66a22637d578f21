import type { DescFile, DescService } from '@bufbuild/protobuf';
import { CompletionService, file_repoformer_v1_completion } from '../gen/repoformer/v1/completion_pb.js';
import { file_repoformer_v1_error } from '../gen/repoformer/v1/error_pb.js';
import { file_repoformer_v1_model, ModelService } from '../gen/repoformer/v1/model_pb.js';
import { file_repoformer_v1_policy, PolicyService } from '../gen/repoformer/v1/policy_pb.js';
import { file_repoformer_v1_repository, RepositoryService } from '../gen/repoformer/v1/repository_pb.js';
import { file_repoformer_v1_retrieval, RetrievalService } from '../gen/repoformer/v1/retrieval_pb.js';
import { file_google_rpc_error_details } from '../gen/google/rpc/error_details_pb.js';
import { file_google_rpc_status } from '../gen/google/rpc/status_pb.js';

/** Every service of the API, for health and reflection. */
export const API_SERVICES: readonly DescService[] = [
  CompletionService,
  RepositoryService,
  RetrievalService,
  PolicyService,
  ModelService,
];

/** Every file of the API, the error details included. */
export const API_FILES: readonly DescFile[] = [
  file_repoformer_v1_completion,
  file_repoformer_v1_repository,
  file_repoformer_v1_retrieval,
  file_repoformer_v1_policy,
  file_repoformer_v1_model,
  file_repoformer_v1_error,
  file_google_rpc_error_details,
  file_google_rpc_status,
];
