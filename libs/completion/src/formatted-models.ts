import { languageOfPath, type CompletionRequest, type LanguageModel } from '@repoformer/domain';
import {
  prepareParts,
  resolveFormat,
  type FimFormat,
  type Hole,
  type Placement,
  type PromptParts,
  type TokenBudgets,
  type TokenSource,
} from '@repoformer/fim';
import { planTokens } from './token-plan.js';

/** The models, once they are loaded. Each rejects with unavailable/MODEL_NOT_LOADED when loading failed. */
export interface ModelProvider {
  generator(signal: AbortSignal): Promise<LanguageModel>;
  /** Decides in place of the generator, where one is configured. */
  policyModel?(signal: AbortSignal): Promise<LanguageModel>;
}

/** A model with the prompt format found for it. */
export interface FormattedModel {
  readonly model: LanguageModel;
  readonly format: FimFormat;
}

export interface FormattedModelsOptions {
  /** Token budgets of an unhurried request. */
  readonly budgets: TokenBudgets;
  /** Family of the generator, where it is not to be found from the file. */
  readonly family?: string;
  /** Where context goes, where the family's default is not wanted. */
  readonly placement?: Placement;
}

/** The loaded models and how each is prompted; formats are found once per model. */
export class FormattedModels {
  private readonly known = new WeakMap<LanguageModel, FormattedModel>();

  constructor(
    private readonly provider: ModelProvider,
    private readonly options: FormattedModelsOptions,
  ) {}

  /** Whether another model than the generator decides. */
  get hasPolicyModel(): boolean {
    return this.provider.policyModel !== undefined;
  }

  async generator(signal: AbortSignal): Promise<FormattedModel> {
    const model = await this.provider.generator(signal);
    const { family, placement } = this.options;
    return this.formatted(model, { ...(family && { family }), ...(placement && { placement }) });
  }

  /** The model that is asked by policies that read a token's probability. */
  async policyModel(signal: AbortSignal): Promise<FormattedModel> {
    if (!this.provider.policyModel) return this.generator(signal);
    return this.formatted(await this.provider.policyModel(signal), {});
  }

  /** Tokenises what stands around the hole, within the request's budgets. */
  async prepare(
    { model, format }: FormattedModel,
    request: CompletionRequest,
    hole: Hole,
    signal: AbortSignal,
  ): Promise<PromptParts> {
    const source = {
      hole,
      path: request.path,
      language: languageOf(request),
      repositoryName: request.repository.slice(request.repository.lastIndexOf('/') + 1),
    };
    return prepareParts(format, source, this.plan(model, request), tokenSource(model, signal));
  }

  plan(model: LanguageModel, request: CompletionRequest): TokenBudgets {
    return planTokens(this.options.budgets, model.info, request, model.prefillMsPerToken());
  }

  private formatted(model: LanguageModel, override: Parameters<typeof resolveFormat>[1]): FormattedModel {
    const known = this.known.get(model);
    if (known) return known;
    const created = { model, format: resolveFormat(model.info, override) };
    this.known.set(model, created);
    return created;
  }
}

/** A model's tokens for as long as a request wants them. */
export function tokenSource(model: LanguageModel, signal: AbortSignal): TokenSource {
  return {
    tokenize: (texts) => model.tokenize(texts, signal),
    tokenBytes: (tokens) => model.tokenBytes(tokens, signal),
  };
}

/** The request's language, else that of its path. */
export function languageOf(request: Pick<CompletionRequest, 'language' | 'path'>): string {
  return request.language || languageOfPath(request.path);
}
