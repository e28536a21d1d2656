/** What was recorded from the real claude, and how to record it again from another version. */
import type { ClaudeScenario } from '../../helpers/record-claude.ts';
import { CLAUDE_ENDS } from './claude-ends.ts';
import { CLAUDE_REQUESTS } from './claude-requests.ts';
import { CLAUDE_TURNS } from './claude-turns.ts';

export const CLAUDE_SCENARIOS: readonly ClaudeScenario[] = [
  ...CLAUDE_TURNS,
  ...CLAUDE_REQUESTS,
  ...CLAUDE_ENDS,
];
