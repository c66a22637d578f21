import { runProgram } from '@repoformer/dataset';
import { createProgram } from './cli/program.js';

await runProgram(createProgram);
