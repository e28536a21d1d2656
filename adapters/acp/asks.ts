/** What an agent asks of its client: permission, answers, files and terminals. Every request is answered. */
import { z } from 'zod';
import { INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND } from '../shared/json-rpc-error.ts';
import type { LoggedMessage } from '../shared/json-rpc-process.ts';
import type { JsonRpcId } from '../shared/json-rpc.ts';
import { elicited, permissionAsked, permissionReply, ruledDecision, type Asked } from './approvals.ts';
import { isInside } from './confine.ts';
import { readTextFile, writeTextFile } from './files.ts';
import { scopeOf } from './frames.ts';
import { pathsOf } from './items.ts';
import { verdictOn } from './policy.ts';
import { Refused } from './refused.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import { unrecognized } from './translate.ts';
import * as wire from './wire.ts';

interface Asking {
  readonly session: Session;
  readonly id: JsonRpcId;
  readonly rawRef: string;
}

export function takeRequest(
  run: Run,
  session: Session,
  asked: { id: JsonRpcId; frame: LoggedMessage },
): void {
  const { id, frame } = asked;
  const { method, params, rawRef } = frame;
  const take = TAKES.get(method);
  if (take === undefined) {
    session.process.refuse(id, METHOD_NOT_FOUND, `${method} is not supported by this client`);
    return session.report(unrecognized({ method, params }, scopeOf(session, rawRef), method));
  }
  const done = Promise.try(take, params, { session, id, rawRef });
  done.catch((error: unknown) => {
    session.process.refuse(id, ...refusalOf(method, error));
    if (!(error instanceof Refused))
      run.host.warn('a request failed', { method, rawRef, error: String(error) });
  });
}

function refusalOf(method: string, error: unknown): [code: number, message: string] {
  if (error instanceof Refused) return [error.code, error.message];
  if (error instanceof z.ZodError) return [INVALID_PARAMS, `${method}: ${z.prettifyError(error)}`];
  return [INTERNAL_ERROR, error instanceof Error ? error.message : String(error)];
}

/** @throws {Refused} or {ZodError}, which become the answer */
type Take = (params: unknown, asking: Asking) => Promise<void> | void;

function answering<S extends z.ZodType>(
  schema: S,
  answer: (params: z.output<S>, session: Session) => Promise<object> | object,
): Take {
  return async (params, { session, id }) => {
    const given = schema.parse(params);
    if (session.phase === 'gone') throw new Refused('the connection is closed');
    session.process.respond(id, await answer(given, session));
  };
}

const TAKES: ReadonlyMap<string, Take> = new Map<string, Take>([
  ['session/request_permission', takePermission],
  ['elicitation/create', takeElicitation],
  ['fs/read_text_file', answering(wire.readFileSchema, (asked, { cwd }) => readTextFile(cwd, asked))],
  ['fs/write_text_file', answering(wire.writeFileSchema, (asked, { cwd }) => writeTextFile(cwd, asked))],
  [
    'terminal/create',
    answering(wire.createTerminalSchema, (asked, { terminals }) => ({ terminalId: terminals.create(asked) })),
  ],
  [
    'terminal/output',
    answering(wire.terminalSchema, ({ terminalId }, { terminals }) => terminals.output(terminalId)),
  ],
  [
    'terminal/wait_for_exit',
    answering(wire.terminalSchema, ({ terminalId }, { terminals }) => terminals.exited(terminalId)),
  ],
  [
    'terminal/kill',
    answering(wire.terminalSchema, async ({ terminalId }, { terminals }) => {
      await terminals.kill(terminalId);
      return {};
    }),
  ],
  [
    'terminal/release',
    answering(wire.terminalSchema, async ({ terminalId }, { terminals }) => {
      await terminals.release(terminalId);
      return {};
    }),
  ],
]);

function takePermission(params: unknown, { session, id, rawRef }: Asking): void {
  const asked = wire.permissionSchema.parse(params);
  const { toolCall, options } = asked;
  const { transcript, process, cwd } = session;
  if (session.turn === null || session.turn.isCancelled) {
    process.respond(id, permissionReply(options, 'cancel'));
    return;
  }
  session.report(...transcript.called(toolCall, rawRef));
  const call = transcript.tool(toolCall.toolCallId);
  if (call === null) throw new Error('a call that was told is not known');
  const paths = pathsOf(call.tool);
  const isKnown = paths.length > 0 && paths.every((path) => isInside(cwd, path));
  const verdict = verdictOn(call.tool.kind, isKnown, session.policy);
  const decision = verdict === 'person' ? null : ruledDecision(options, verdict);
  if (decision === null) {
    return open(
      permissionAsked(asked, call, { ...scopeOf(session, rawRef), nativeId: id, cwd }),
      session,
      id,
    );
  }
  if (decision === 'decline') transcript.declined(toolCall.toolCallId);
  process.respond(id, permissionReply(options, decision));
}

function takeElicitation(params: unknown, { session, id, rawRef }: Asking): void {
  const scope = { ...scopeOf(session, rawRef), nativeId: id, cwd: session.cwd };
  const asked = elicited(wire.elicitationSchema.parse(params), scope);
  // outside of a turn nobody looks
  if (asked === null || session.turn === null || session.turn.isCancelled) {
    session.process.respond(id, { action: 'cancel' });
    return;
  }
  open(asked, session, id);
}

function open({ form, report }: Asked, session: Session, nativeId: JsonRpcId): void {
  session.requests.add(report.request.requestId, { nativeId, form });
  session.report(report);
}
