import { describeRecordings } from './recordings-suite.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';

/** What must be there, so that none is lost with its recording. */
const REQUIRED = [
  ['simple', 'multi-turn', 'steer', 'steer-in-command', 'second-submit', 'queue', 'question'],
  ['plan-update', 'plan-mode', 'todo', 'web-search', 'image', 'compaction', 'background-command'],
  ['command-accepted', 'command-declined', 'command-cancelled', 'command-for-session'],
  ['patch-accepted', 'write', 'patch-declined', 'patch-cancelled', 'two-approvals'],
  ['mcp-call', 'mcp-approval', 'mcp-elicitation'],
  ['interrupt-streaming', 'interrupt-command', 'interrupt-approval'],
  ['interrupt-opening', 'interrupt-before-start'],
  ['error-500-recovers', 'error-500', 'error-401', 'error-429', 'error-quota', 'error-overloaded'],
  ['error-context', 'stream-dropped', 'endpoint-down', 'endpoint-down-bounded'],
  ['killed-streaming', 'killed-command', 'killed-approval'],
  ['resume', 'restart-streaming', 'stop-command', 'archive-active', 'two-threads'],
  ['goal', 'steer-by-restart', 'sub-agent', 'compaction-by-hand', 'fork'],
  ['fork-siblings', 'merge-back', 'rollback-turn', 'rollback-in-fork'],
].flat();

describeRecordings({
  driver: 'codex',
  scenarios: CODEX_SCENARIOS,
  required: REQUIRED,
  maxSizeBytes: 60_000,
});
