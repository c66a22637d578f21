export { TASK_FORMATS, type EvalTask, type GivenContext, type TaskFormat } from './eval-task.js';
export { detectTaskFormat, readTasks, type ReadTasksOptions } from './read-tasks.js';
export {
  crossCodeEvalRecord,
  writeCrossCodeEvalTasks,
  type ContextualHole,
  type CrossCodeEvalRecord,
} from './write-cross-code-eval.js';
export {
  folderOf,
  REPO_EVAL_LEVELS,
  repoEvalFileName,
  repoEvalRecord,
  writeRepoEvalTasks,
  type RepoEvalLevel,
  type RepoEvalRecord,
  type WrittenTasks,
} from './write-repo-eval.js';
