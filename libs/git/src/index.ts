export { GitRepositoryOpener } from './git-repository-opener.js';
export { GitRepositoryReader } from './git-repository-reader.js';
