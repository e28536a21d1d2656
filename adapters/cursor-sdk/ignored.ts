const REASONS: Readonly<Record<string, string>> = {
  'partial-tool-call': 'the call itself follows',
  'user-message-appended': 'our own prompt, or a steer of ours',
  'token-delta': 'the usage of the turn says it',
  'step-started': 'steps show in what is said and done',
  'step-completed': 'steps show in what is said and done',
  'tool-requests-listed': 'the calls follow',
  heartbeat: 'nothing has happened',
};

/** Updates that yield nothing, with the reason. What is neither here nor read is shown as unrecognized. */
export const IGNORED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));
