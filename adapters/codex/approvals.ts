import { itemIdOf, requestIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import { byNative, type ThreadInputOf } from '../../machines/domain/input.ts';
import type { Answer, Decision, Question, RequestBody, RequestDraft } from '../../machines/domain/request.ts';
import type { AgentPlace } from './agents.ts';
import type { FormFields } from '../shared/forms.ts';
import { elicitationReply, elicited } from './elicitation.ts';
import { linesOf } from './permissions.ts';
import * as wire from './wire.ts';
import type { Frame, PermissionProfile } from './wire.ts';

/** What an answer has to look like for codex; kept beside an open request. */
export type ReplyForm =
  | { readonly kind: 'decision' }
  | { readonly kind: 'answers' }
  | { readonly kind: 'elicitation'; readonly fields: FormFields }
  | { readonly kind: 'permissions'; readonly permissions: Readonly<Record<string, unknown>> };

/** A question of codex for a person. */
export interface Asked {
  readonly report: ThreadInputOf<'provider.requestOpened'>;
  readonly form: ReplyForm;
}

/** What a request is read for. */
export interface AskScope {
  readonly connectionId: ConnectionId;
  readonly nativeRequestId: string;
  readonly rawRef: string;
  readonly agent: AgentPlace | null;
}

/** A request of codex as one of ours; `null`: no person can answer it, or it is not what it was. */
export function askedIn({ method, params }: Frame, scope: AskScope): Asked | null {
  const part = READERS.get(method)?.(params) ?? null;
  if (part === null) return null;
  const { connectionId, nativeRequestId, rawRef, agent } = scope;
  const { nativeTurnId, nativeItemId, form, ...draft } = part;
  const itemId = nativeTurnId === null || nativeItemId === null ? null : itemIdOf(nativeTurnId, nativeItemId);
  const requestId = requestIdOf(connectionId, nativeRequestId);
  const taskId = agent?.begun ? agent.itemId : undefined;
  const request = {
    requestId,
    nativeRequestId,
    ...draft,
    ...(itemId === null ? {} : { itemId }),
    ...(taskId === undefined ? {} : { taskId }),
    rawRef,
  };
  const turn = byNative(agent?.nativeTurnId ?? nativeTurnId);
  return {
    report: { type: 'provider.requestOpened', connectionId, ...turn, owner: 'turn', request },
    form,
  };
}

/** An answer of a person as codex wants it. */
export function replyTo(form: ReplyForm, answer: Answer): unknown {
  switch (form.kind) {
    case 'decision':
      return { decision: 'decision' in answer ? answer.decision : 'decline' };
    case 'answers':
      return { answers: 'answers' in answer ? wrapped(answer.answers) : {} };
    case 'elicitation':
      return elicitationReply(form.fields, answer);
    case 'permissions':
      return permissionsReply(form.permissions, answer);
  }
}

/** The answer where nobody is asked any more: no, and codex goes on. */
export const refusalOf = (form: ReplyForm): unknown => replyTo(form, { decision: 'decline' });

// ---- questions ---------------------------------------------------------------------------------------------------

type Part = Pick<RequestDraft, 'body' | 'decisions' | 'reason'> & {
  readonly nativeTurnId: string | null;
  readonly nativeItemId: string | null;
  readonly form: ReplyForm;
};
type Reader = (params: unknown) => Part | null;

const ALL: readonly Decision[] = ['accept', 'acceptForSession', 'decline', 'cancel'];
const DECISION = { kind: 'decision' } as const;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['item/commandExecution/requestApproval', commandApproval],
  ['item/fileChange/requestApproval', fileApproval],
  ['item/tool/requestUserInput', userInput],
  ['mcpServer/elicitation/request', elicitation],
  ['item/permissions/requestApproval', permissions],
]);

function commandApproval(params: unknown): Part | null {
  const { data } = wire.commandApprovalSchema.safeParse(params);
  if (data === undefined) return null;
  const { command, cwd, reason, networkApprovalContext, availableDecisions } = data;
  const permissions = linesOf(data.additionalPermissions ?? {});
  const host = networkApprovalContext?.host;
  const body: RequestBody = {
    kind: 'command',
    command: command ?? (host === undefined ? '' : `network access to ${host}`),
    ...(cwd === null || cwd === undefined ? {} : { cwd }),
    ...(permissions.length === 0 ? {} : { permissions }),
  };
  return {
    ...placeOf(data),
    body,
    decisions: offered(availableDecisions),
    ...reasonOf(reason),
    form: DECISION,
  };
}

/** Codex names only a whole folder here; the files of a change are told by its item. */
function fileApproval(params: unknown): Part | null {
  const { data } = wire.fileApprovalSchema.safeParse(params);
  if (data === undefined) return null;
  const { grantRoot, reason } = data;
  const paths = grantRoot === null || grantRoot === undefined ? [] : [grantRoot];
  return {
    ...placeOf(data),
    body: { kind: 'file-change', paths },
    decisions: [...ALL],
    ...reasonOf(reason),
    form: DECISION,
  };
}

function userInput(params: unknown): Part | null {
  const { data } = wire.userInputSchema.safeParse(params);
  if (data === undefined) return null;
  const questions = data.questions.map(({ id, header, question, options, isOther, isSecret }): Question => ({
    questionId: id.slice(0, QUESTION_ID_LENGTH),
    header,
    question,
    options: [...(options ?? [])],
    allowsText: isOther || (options ?? []).length === 0,
    ...(isSecret && { secret: true }),
  }));
  return {
    nativeTurnId: data.turnId,
    // codex has no item for a question
    nativeItemId: null,
    body: { kind: 'question', questions },
    decisions: [],
    form: { kind: 'answers' },
  };
}

const QUESTION_ID_LENGTH = 128;

/** An MCP server asks; or codex asks whether one of its tools may run, in the same form. */
function elicitation(params: unknown): Part | null {
  const { data } = wire.elicitationSchema.safeParse(params);
  const asked = data === undefined ? null : elicited(data);
  if (data === undefined || asked === null) return null;
  const { fields, ...what } = asked;
  return {
    nativeTurnId: data.turnId ?? null,
    nativeItemId: null,
    ...what,
    ...reasonOf(data.message),
    form: { kind: 'elicitation', fields },
  };
}

/** Granted as a whole, or not at all. */
function permissions(params: unknown): Part | null {
  const { data } = wire.permissionsSchema.safeParse(params);
  if (data === undefined) return null;
  const { fileSystem, network } = data.permissions;
  const asked = { ...(network && { network }), ...(fileSystem && { fileSystem }) };
  return {
    ...placeOf(data),
    body: bodyOf(data.permissions),
    decisions: ['accept', 'acceptForSession', 'decline'],
    ...reasonOf(data.reason),
    form: { kind: 'permissions', permissions: asked },
  };
}

function bodyOf(asked: PermissionProfile): RequestBody {
  const permissions = linesOf(asked);
  const { read, write, entries } = asked.fileSystem ?? {};
  const named = (entries ?? []).flatMap(({ path }) => path.path ?? []);
  const paths = [...new Set([...(read ?? []), ...(write ?? []), ...named])];
  if (permissions.every((line) => line === 'network')) return { kind: 'tool', tool: 'network' };
  const isRead = permissions.every((line) => line === 'network' || line.startsWith('read '));
  return { kind: isRead ? 'file-read' : 'file-change', paths, permissions };
}

const placeOf = ({ turnId, itemId }: { turnId: string; itemId: string }) => ({
  nativeTurnId: turnId,
  nativeItemId: itemId,
});

const reasonOf = (reason: string | null | undefined) =>
  reason === null || reason === undefined || reason === '' ? {} : { reason };

/**
 * codex 0.169.0 takes a decline and a consent for the session although it does not offer them. Amendments of its rules
 * for commands and hosts are left out: they are written to the disk, for all sessions to come.
 */
function offered(available: readonly unknown[] | null | undefined): Decision[] {
  if (available === null || available === undefined) return [...ALL];
  return ALL.filter((decision) => ALWAYS_TAKEN.has(decision) || available.includes(decision));
}

const ALWAYS_TAKEN: ReadonlySet<Decision> = new Set(['acceptForSession', 'decline']);

// ---- answers -----------------------------------------------------------------------------------------------------

type Answers = Extract<Answer, { answers: unknown }>['answers'];

const wrapped = (answers: Answers) =>
  Object.fromEntries(Object.entries(answers).map(([id, texts]) => [id, { answers: texts }]));

function permissionsReply(asked: Readonly<Record<string, unknown>>, answer: Answer): unknown {
  const decision = 'decision' in answer ? answer.decision : 'decline';
  const isAccepted = decision === 'accept' || decision === 'acceptForSession';
  return {
    permissions: isAccepted ? asked : {},
    scope: decision === 'acceptForSession' ? 'session' : 'turn',
  };
}
