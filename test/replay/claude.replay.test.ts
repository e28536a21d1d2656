import { describeRecordings } from './recordings-suite.ts';
import { CLAUDE_SCENARIOS } from './scenarios/claude.ts';

const REQUIRED = [
  ['simple', 'multi-turn', 'steer', 'steer-in-command', 'steer-by-restart', 'queue', 'question'],
  ['plan-mode', 'todo', 'web-search', 'image', 'compaction', 'cleared', 'model-switch', 'mcp-call'],
  ['sub-agent', 'background-command', 'background-agent', 'read-only'],
  [
    'command-accepted',
    'command-declined',
    'command-cancelled',
    'command-for-session',
    'two-approvals',
    'write',
  ],
  ['interrupt-streaming', 'interrupt-command', 'interrupt-approval', 'interrupt-opening'],
  ['error-500-recovers', 'error-500', 'error-401', 'error-429', 'stream-dropped'],
  ['killed-streaming', 'killed-command', 'killed-approval'],
  ['resume', 'stop-command', 'two-threads'],
  ['compaction-by-hand', 'fork', 'mcp-elicitation'],
].flat();

describeRecordings({
  driver: 'claude',
  scenarios: CLAUDE_SCENARIOS,
  required: REQUIRED,
  // each process tells first of all its commands, agents and models
  maxSizeBytes: 200_000,
});
