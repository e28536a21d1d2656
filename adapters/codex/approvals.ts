import type { z } from 'zod';
import { itemIdOf, requestIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import { byNative, type ThreadInputOf } from '../../machines/domain/input.ts';
import type { Answer, Decision, Question, RequestBody, RequestDraft } from '../../machines/domain/request.ts';
import type { AgentPlace } from './translate.ts';
import * as wire from './wire.ts';
import type { FormField, Frame } from './wire.ts';

/** What an answer has to look like for codex; kept beside an open request. */
export type ReplyForm =
  | { readonly kind: 'decision' }
  | { readonly kind: 'answers' }
  | { readonly kind: 'elicitation'; readonly fields: Readonly<Record<string, FormField>> }
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
  const taskId = agent?.itemId;
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
  const host = networkApprovalContext?.host;
  const body: RequestBody = {
    kind: 'command',
    command: command ?? (host === undefined ? '' : `network access to ${host}`),
    ...(cwd === null || cwd === undefined ? {} : { cwd }),
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
  const questions = data.questions.map(({ id, header, question, options, isOther }): Question => ({
    questionId: id.slice(0, QUESTION_ID_LENGTH),
    header,
    question,
    options: [...(options ?? [])],
    allowsText: isOther || (options ?? []).length === 0,
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
  if (data === undefined) return null;
  const { turnId, message, requestedSchema } = data;
  const fields = requestedSchema?.properties ?? {};
  const hasFields = Object.keys(fields).length > 0;
  return {
    nativeTurnId: turnId ?? null,
    nativeItemId: null,
    ...(hasFields ? formOf(fields) : consentOf(data)),
    ...reasonOf(message),
    form: { kind: 'elicitation', fields },
  };
}

const formOf = (fields: Readonly<Record<string, FormField>>): Pick<Part, 'body' | 'decisions'> => ({
  body: {
    kind: 'question',
    questions: Object.entries(fields).map(([name, field]) => questionOf(name, field)),
  },
  decisions: ['decline', 'cancel'],
});

function consentOf({ _meta, url, serverName }: Elicitation): Pick<Part, 'body' | 'decisions'> {
  const canPersist = _meta?.persist?.includes('session') ?? false;
  return {
    body: { kind: 'tool', tool: _meta?.tool_name ?? url ?? 'elicitation', server: serverName },
    decisions: canPersist ? [...ALL] : ['accept', 'decline', 'cancel'],
  };
}
type Elicitation = z.infer<typeof wire.elicitationSchema>;

function questionOf(name: string, field: FormField): Question {
  const labels = field.type === 'boolean' ? ['yes', 'no'] : (field.enum ?? []);
  return {
    questionId: name.slice(0, QUESTION_ID_LENGTH),
    header: field.title ?? name,
    question: field.description ?? field.title ?? name,
    options: labels.map((label) => ({ label, description: '' })),
    allowsText: labels.length === 0,
  };
}

function permissions(params: unknown): Part | null {
  const { data } = wire.permissionsSchema.safeParse(params);
  if (data === undefined) return null;
  const { fileSystem, network } = data.permissions;
  const paths = [...(fileSystem?.read ?? []), ...(fileSystem?.write ?? [])];
  const body: RequestBody =
    fileSystem === null || fileSystem === undefined
      ? { kind: 'tool', tool: 'network' }
      : { kind: fileSystem.write?.length ? 'file-change' : 'file-read', paths };
  const asked = { ...(network && { network }), ...(fileSystem && { fileSystem }) };
  return {
    ...placeOf(data),
    body,
    decisions: ['accept', 'acceptForSession', 'decline'],
    ...reasonOf(data.reason),
    form: { kind: 'permissions', permissions: asked },
  };
}

const placeOf = ({ turnId, itemId }: { turnId: string; itemId: string }) => ({
  nativeTurnId: turnId,
  nativeItemId: itemId,
});

const reasonOf = (reason: string | null | undefined) =>
  reason === null || reason === undefined || reason === '' ? {} : { reason };

/** codex 0.169.0 takes a decline although it offers none; amendments of its rules are not offered. */
function offered(available: readonly unknown[] | null | undefined): Decision[] {
  if (available === null || available === undefined) return [...ALL];
  return ALL.filter((decision) => decision === 'decline' || available.includes(decision));
}

// ---- answers -----------------------------------------------------------------------------------------------------

type Answers = Extract<Answer, { answers: unknown }>['answers'];

const wrapped = (answers: Answers) =>
  Object.fromEntries(Object.entries(answers).map(([id, texts]) => [id, { answers: texts }]));

function elicitationReply(fields: Readonly<Record<string, FormField>>, answer: Answer): unknown {
  if ('answers' in answer) {
    const entries = Object.entries(answer.answers).map(([id, texts]) => [id, valueOf(fields[id], texts)]);
    return { action: 'accept', content: Object.fromEntries(entries), _meta: null };
  }
  const { decision } = answer;
  const isAccepted = decision === 'accept' || decision === 'acceptForSession';
  return {
    action: isAccepted ? 'accept' : decision,
    content: null,
    _meta: decision === 'acceptForSession' ? { persist: 'session' } : null,
  };
}

function valueOf(field: FormField | undefined, texts: readonly string[]): unknown {
  const [text = ''] = texts;
  switch (field?.type) {
    case 'boolean':
      return text === 'yes' || text === 'true';
    case 'number':
    case 'integer':
      return Number(text);
    case 'array':
      return texts;
    default:
      return text;
  }
}

function permissionsReply(asked: Readonly<Record<string, unknown>>, answer: Answer): unknown {
  const decision = 'decision' in answer ? answer.decision : 'decline';
  const isAccepted = decision === 'accept' || decision === 'acceptForSession';
  return {
    permissions: isAccepted ? asked : {},
    scope: decision === 'acceptForSession' ? 'session' : 'turn',
  };
}
