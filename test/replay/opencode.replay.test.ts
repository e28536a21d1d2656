import { describeRecordings } from './recordings-suite.ts';
import { OPENCODE_SCENARIOS } from './scenarios/opencode.ts';

const REQUIRED = [
  ['simple', 'multi-turn', 'two-threads', 'queue', 'steer-by-restart', 'command', 'write', 'edit-accepted'],
  ['command-accepted', 'command-declined', 'command-cancelled', 'command-for-session', 'question', 'todo'],
  ['sub-agent', 'plan-mode', 'compaction-by-hand', 'compaction', 'rollback'],
  ['interrupt-streaming', 'interrupt-command', 'interrupt-approval'],
  ['killed-streaming', 'killed-command', 'killed-approval', 'resume'],
  ['error-500-recovers', 'error-500', 'error-401', 'error-quota', 'length', 'unknown-model', 'unknown-agent'],
].flat();

describeRecordings({
  driver: 'opencode',
  scenarios: OPENCODE_SCENARIOS,
  required: REQUIRED,
  maxSizeBytes: 150_000,
  // routes of the server, and opencode's own examples
  folders: /^\/(?:tmp|global|config|session|opencode\/plans|abs\/path|path\/to)(?:\/|$)/,
});
