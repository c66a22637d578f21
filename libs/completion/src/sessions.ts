import { AppError } from '@repoformer/domain';

/** The live request of each client session: a newer one takes the place of an older one. */
export class Sessions {
  private readonly live = new Map<string, AbortController>();

  /** Ends the session's present request, if any, and makes `controller` its live one. Empty key: no session. */
  begin(session: string, controller: AbortController): void {
    if (session === '') return;
    this.live.get(session)?.abort(superseded());
    this.live.set(session, controller);
  }

  end(session: string, controller: AbortController): void {
    if (this.live.get(session) === controller) this.live.delete(session);
  }
}

function superseded(): AppError {
  return new AppError({
    kind: 'aborted',
    reason: 'SUPERSEDED',
    message: 'a newer request of the same session took its place',
  });
}
