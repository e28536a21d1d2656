/** What was recorded from the real opencode, and how to record it again from another version. */
import type { OpencodeScenario } from '../../helpers/record-opencode.ts';
import { OPENCODE_ENDS } from './opencode-ends.ts';
import { OPENCODE_TURNS } from './opencode-turns.ts';

export const OPENCODE_SCENARIOS: readonly OpencodeScenario[] = [...OPENCODE_TURNS, ...OPENCODE_ENDS];
