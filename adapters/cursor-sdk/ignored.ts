const REASONS: Readonly<Record<string, string>> = {
  'partial-tool-call': 'the call itself follows',
  'token-delta': 'the usage of the turn says it',
  'tool-requests-listed': 'the calls follow',
  'summary-started': 'the summary itself is shown',
  'summary-completed': 'the summary itself is shown',
  heartbeat: 'nothing has happened',
};

/** Updates that yield nothing, with the reason. What is neither here nor read is shown as unrecognized. */
export const IGNORED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));
