import type * as acp from '@agentclientprotocol/sdk';

type Kind = acp.SessionUpdate['sessionUpdate'];

/** Kinds of updates that yield nothing, with the reason. */
const REASONS: Readonly<Partial<Record<Kind, string>>> = {
  user_message_chunk: 'an echo of our own prompt, which the thread has already',
  session_info_update: 'titles are ours',
};

export const IGNORED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));

/** Notifications beside updates that yield nothing, with the reason. */
export const IGNORED_NOTIFICATIONS: ReadonlyMap<string, string> = new Map([
  ['_auth/status_update', 'claude-agent-acp and codex-acp: an account that asks nothing of us'],
]);

/** Of a loaded conversation, which the thread has already. */
export const OF_HISTORY: ReadonlySet<string> = new Set<Kind>([
  'user_message_chunk',
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call',
  'tool_call_update',
  'plan',
  'notice',
  'compaction_update',
  'compaction_summary_chunk',
]);

/** gemini 0.61.0 says a change of its mode as a message. */
export const isModeEcho = (text: string): boolean => /^\[MODE_UPDATE\] \S+$/.test(text);
