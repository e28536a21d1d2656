import type { ConnectionId } from '../../machines/domain/ids.ts';
import type { JsonRpcId } from '../shared/json-rpc.ts';
import type { ReplyForm } from './approvals.ts';

/** A request of codex that waits for its answer: native ids have a type, answers a form. */
export interface OpenRequest {
  readonly nativeId: JsonRpcId;
  readonly connectionId: ConnectionId;
  readonly form: ReplyForm;
}
