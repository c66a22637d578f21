import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';
import { parsePolicyDocument, type PolicyDocument } from '@repoformer/policy';

/** A fitted policy's file. */
export interface PolicyFile {
  readonly document: PolicyDocument;
  readonly sha256: string;
}

/** @throws AppError not_found where it cannot be read; failed_precondition/CONFIG_INVALID where it is no policy */
export async function readPolicyFile(path: string): Promise<PolicyFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError({
      kind: 'not_found',
      reason: 'CONFIG_INVALID',
      message: `the policy file ${path} cannot be read; fit one with \`repoformer-policy fit\``,
      cause,
    });
  });
  return {
    document: parsePolicyDocument(text, path),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}
