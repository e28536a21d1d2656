import { requestIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import { byNative, type ThreadInputOf } from '../../machines/domain/input.ts';
import type { Answer, Decision, Question, RequestBody, RequestDraft } from '../../machines/domain/request.ts';
import type { ItemBody } from '../../machines/domain/item.ts';
import type { AgentPlace } from './agents.ts';
import type { Conversation } from './conversation.ts';
import { itemOfCall } from './parts.ts';
import type { Rule } from './policy.ts';
import type { PermissionAsked, QuestionAsked } from './wire.ts';

/** A request of opencode that waits for its answer, with what the answer needs. */
export interface OpenRequest {
  readonly kind: 'permission' | 'question';
  readonly nativeId: string;
  readonly connectionId: ConnectionId;
  /** What a consent for the session allows. */
  readonly grants: readonly Rule[];
  readonly questionCount: number;
}

/** A question of opencode for a person. */
export interface Asked {
  readonly report: ThreadInputOf<'provider.requestOpened'>;
  readonly request: OpenRequest;
}

/** What a request is read for. */
export interface AskScope {
  readonly connectionId: ConnectionId;
  readonly rawRef: string;
  readonly talk: Conversation;
  readonly agent: AgentPlace | null;
}

type Draft = Pick<RequestDraft, 'body' | 'decisions'> & Pick<OpenRequest, 'grants' | 'questionCount'>;

export function permissionAsked(asked: PermissionAsked, scope: AskScope): Asked {
  const grants = asked.always.map((pattern): Rule => ({
    permission: asked.permission,
    pattern,
    action: 'allow',
  }));
  const decisions: Decision[] =
    grants.length > 0 ? ['accept', 'acceptForSession', 'decline', 'cancel'] : ['accept', 'decline', 'cancel'];
  return opened(asked, scope, {
    body: bodyOf(asked, bodyOfCall(asked, scope)),
    decisions,
    grants,
    questionCount: 0,
  });
}

export function questionAsked(asked: QuestionAsked, scope: AskScope): Asked {
  const questions = asked.questions.map((each, index): Question => ({
    questionId: String(index),
    header: each.header,
    question: each.question,
    options: [...each.options],
    allowsText: each.custom !== false,
    ...(each.multiple === true ? {} : { maxAnswers: 1 }),
  }));
  const body: RequestBody = { kind: 'question', questions };
  return opened(asked, scope, { body, decisions: [], grants: [], questionCount: questions.length });
}

/** The answers in the order of the questions. */
export function answersIn({ questionCount }: OpenRequest, answer: Answer): readonly (readonly string[])[] {
  const answers = 'answers' in answer ? answer.answers : {};
  return Array.from({ length: questionCount }, (_, index) => answers[String(index)] ?? []);
}

/** What the model is told of a wish that a person has declined; without a word the turn would be over. */
export const DECLINED = 'The user declined this. Go on without it.';
/** The same, where the rules of the thread have declined it. */
export const FORBIDDEN = 'The settings of this thread do not allow this. Go on without it.';

function opened(
  asked: PermissionAsked | QuestionAsked,
  { connectionId, rawRef, talk, agent }: AskScope,
  { body, decisions, ...rest }: Draft,
): Asked {
  const { id: nativeId, tool } = asked;
  const itemId = tool === undefined ? null : itemOfCall(talk, tool.messageID, tool.callID);
  const requestId = requestIdOf(connectionId, nativeId);
  const request: RequestDraft = {
    requestId,
    nativeRequestId: nativeId,
    body,
    decisions,
    ...(itemId === null ? {} : { itemId }),
    ...(agent === null ? {} : { taskId: agent.itemId }),
    rawRef,
  };
  const turn = byNative(agent?.nativeTurnId ?? talk.turn?.nativeTurnId ?? null);
  const kind = body.kind === 'question' ? 'question' : 'permission';
  return {
    report: { type: 'provider.requestOpened', connectionId, ...turn, owner: 'turn', request },
    request: { kind, nativeId, connectionId, ...rest },
  };
}

function bodyOfCall({ tool }: PermissionAsked, { talk }: AskScope): ItemBody | null {
  const itemId = tool === undefined ? null : itemOfCall(talk, tool.messageID, tool.callID);
  return itemId === null ? null : (talk.partOf(itemId)?.body ?? null);
}

/** `call`: what asks. */
function bodyOf({ permission, patterns, metadata }: PermissionAsked, call: ItemBody | null): RequestBody {
  const { command, filepath } = metadata;
  switch (permission) {
    case 'bash':
      return { kind: 'command', command: typeof command === 'string' ? command : patterns.join('\n') };
    case 'edit':
      return { kind: 'file-change', paths: typeof filepath === 'string' ? [filepath] : [...patterns] };
    case 'read':
      return { kind: 'file-read', paths: [...patterns] };
    case 'external_directory':
      return outside(patterns, call);
    default:
      return { kind: 'tool', tool: permission, input: JSON.stringify({ patterns, ...metadata }) };
  }
}

/** Something outside of the workspace. */
function outside(patterns: readonly string[], call: ItemBody | null): RequestBody {
  const permissions = patterns.map((pattern) => `access ${pattern}`);
  if (call?.kind === 'command') {
    const { command, cwd } = call;
    return { kind: 'command', command, ...(cwd === undefined ? {} : { cwd }), permissions };
  }
  if (call?.kind !== 'file_change') return { kind: 'file-read', paths: [...patterns], permissions };
  return { kind: 'file-change', paths: call.changes.map(({ path }) => path), permissions };
}
