import { describeRecordings } from './describe-recordings.ts';
import { OPENCODE_SCENARIOS } from './scenarios/opencode.ts';

const REQUIRED = [
  ['simple', 'multi-turn', 'two-threads', 'queue', 'steer-by-restart', 'command', 'write', 'edit-accepted'],
  ['command-accepted', 'command-declined', 'command-cancelled', 'command-for-session', 'question', 'todo'],
  ['sub-agent', 'plan-mode', 'compaction-by-hand', 'compaction'],
  ['interrupt-streaming', 'interrupt-command', 'interrupt-approval'],
  ['killed-streaming', 'killed-command', 'killed-approval', 'resume'],
  ['error-500-recovers', 'error-500', 'error-401', 'error-quota', 'length', 'unknown-model', 'unknown-agent'],
].flat();

describeRecordings({
  driver: 'opencode',
  scenarios: OPENCODE_SCENARIOS,
  required: REQUIRED,
  mostBytes: 150_000,
  // of the places that are put in, of the server's routes, and of opencode's own examples
  knownFolder: /^\/(?:home\/user|workspace|tmp|global|config|session|abs\/path|path\/to)(?:\/|$)/,
});
