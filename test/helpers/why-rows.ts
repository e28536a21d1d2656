/** Rows for explanations: what matters is given, the rest is the same everywhere. */
import {
  connectionIdOf,
  instanceIdSchema,
  requestIdSchema,
  turnIdSchema,
} from '../../machines/domain/ids.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadRow } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import { THREAD } from './inputs.ts';

const AT = 1_000_000;

export const threadRowOf = (more: Partial<ThreadRow>): ThreadRow => ({
  id: THREAD,
  title: '',
  cwd: '/w',
  instanceId: instanceIdSchema.parse('codex'),
  model: null,
  status: 'ready',
  activeTurnId: null,
  openRequestCount: 0,
  backgroundCount: 0,
  lastError: null,
  archived: false,
  parentId: null,
  createdAt: AT,
  updatedAt: AT,
  preview: '',
  ...more,
});

export const turnRowOf = (name: string, more: Partial<TurnRow> = {}): TurnRow => ({
  turnId: turnIdSchema.parse(name),
  ordinal: 1,
  attempt: 1,
  origin: 'user',
  side: false,
  status: 'running',
  nativeTurnId: null,
  settings: null,
  sourcePlan: null,
  failure: null,
  reason: null,
  into: null,
  begunAt: AT,
  startedAt: null,
  endedAt: null,
  ...more,
});

export const requestRowOf = (
  name: string,
  status: RequestRow['status'],
  more: Partial<RequestRow> = {},
): RequestRow => ({
  requestId: requestIdSchema.parse(name),
  nativeRequestId: 'n',
  body: { kind: 'command', command: 'make' },
  decisions: ['accept', 'decline'],
  owner: 'turn',
  turnId: null,
  attempt: 1,
  connectionId: connectionIdOf(THREAD, 1),
  status,
  answer: null,
  outcome: null,
  failure: null,
  createdAt: AT,
  updatedAt: AT,
  ...more,
});
