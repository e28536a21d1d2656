/** What was recorded from the real codex, and how to record it again from another version. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import { APPROVALS } from './approvals.ts';
import { ENDS } from './ends.ts';
import { ERRORS } from './errors.ts';
import { FORKS } from './forks.ts';
import { TURNS } from './turns.ts';

export const CODEX_SCENARIOS: readonly CodexScenario[] = [
  ...TURNS,
  ...APPROVALS,
  ...ENDS,
  ...ERRORS,
  ...FORKS,
];
