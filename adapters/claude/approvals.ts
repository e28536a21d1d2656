import { requestIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { Answer, Decision, Question, RequestBody } from '../../machines/domain/request.ts';
import type { FormFields } from '../shared/forms.ts';
import type { TurnRef } from '../shared/own-items.ts';
import { elicitationReply } from './elicitation.ts';
import { FILE_TOOLS, isReading, mcpName, pathsOf, textIn } from './items.ts';
import type { ClaudePolicy } from './policy.ts';
import type { Transcript } from './transcript.ts';
import * as wire from './wire.ts';
import type { CanUseTool, Questions } from './wire.ts';

/** What an answer has to look like for claude; kept beside an open request. */
export type ReplyForm =
  | {
      readonly kind: 'permission';
      readonly toolUseId: string;
      readonly input: Readonly<Record<string, unknown>>;
      /** The rules that claude proposes, so that it does not ask again. */
      readonly rules: readonly object[];
    }
  | {
      readonly kind: 'answers';
      readonly toolUseId: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly questions: Questions;
    }
  | { readonly kind: 'elicitation'; readonly toolUseId: ''; readonly fields: FormFields };

/** A question of claude for a person. */
export interface Asked {
  readonly report: ThreadInputOf<'provider.requestOpened'>;
  readonly form: ReplyForm;
}

/** What a request is read for. */
export interface AskScope {
  readonly connectionId: ConnectionId;
  readonly nativeRequestId: string;
  readonly rawRef: string;
  readonly cwd: string;
  /** The turn that runs. */
  readonly turn: TurnRef;
  readonly transcript: Pick<Transcript, 'tool' | 'agentOf'>;
}

/** A request of claude as one of ours. */
export function askedIn(asked: CanUseTool, scope: AskScope): Asked {
  const { connectionId, nativeRequestId, rawRef, transcript } = scope;
  const form = formOf(asked);
  const tool = transcript.tool(asked.tool_use_id);
  const agent = transcript.agentOf(asked.tool_use_id, asked.agent_id ?? '');
  const { decision_reason: reason } = asked;
  return {
    form,
    report: {
      type: 'provider.requestOpened',
      connectionId,
      ...(tool?.turn ?? agent?.turn ?? scope.turn),
      owner: 'turn',
      request: {
        requestId: requestIdOf(connectionId, nativeRequestId),
        nativeRequestId,
        body: bodyOf(asked, form, scope.cwd),
        decisions: decisionsOf(form),
        ...(reason === null || reason === undefined || reason === '' ? {} : { reason }),
        ...(tool === null ? {} : { itemId: tool.itemId }),
        // it may ask when its turn is over
        ...(agent === null ? {} : { taskId: agent.itemId }),
        rawRef,
      },
    },
  };
}

/** What is answered without asking anybody; `null`: a person is asked. */
export function ruledAnswer(asked: CanUseTool, { asks }: ClaudePolicy): Answer | null {
  if (asked.tool_name === 'AskUserQuestion') return null;
  if (asks === 'accept') return { decision: 'accept' };
  if (asks === 'decline') return { decision: 'decline' };
  const isPlanned = asks === 'plan' && CHANGING_TOOLS.has(asked.tool_name);
  return isPlanned ? { decision: 'decline' } : null;
}

/** Claude 2.1.329 lets a host allow these while it plans; only the file of the plan is written without asking. */
const CHANGING_TOOLS: ReadonlySet<string> = new Set([...FILE_TOOLS, 'Bash', 'PowerShell', 'ExitPlanMode']);

/** An answer of a person as claude wants it. */
export function replyTo(form: ReplyForm, answer: Answer, message = DECLINED): object {
  if (form.kind === 'elicitation') return elicitationReply(form.fields, answer);
  const { toolUseId: toolUseID, input } = form;
  if ('answers' in answer) {
    const answers = form.kind === 'answers' ? answersByText(form.questions, answer.answers) : {};
    return { behavior: 'allow', updatedInput: { ...input, answers }, toolUseID };
  }
  switch (answer.decision) {
    case 'accept':
      return { behavior: 'allow', updatedInput: input, toolUseID };
    case 'acceptForSession': {
      const rules = form.kind === 'permission' ? form.rules : [];
      // a rule of a person is never written into a file of theirs
      const updatedPermissions = rules.map((rule) => ({ ...rule, destination: 'session' }));
      return { behavior: 'allow', updatedInput: input, updatedPermissions, toolUseID };
    }
    case 'decline':
      return { behavior: 'deny', message, toolUseID };
    case 'cancel':
      return { behavior: 'deny', message: DECLINED, interrupt: true, toolUseID };
  }
}

const DECLINED = 'The user does not want this. Go on without it, or ask what to do instead.';
export const PLANNING = 'Nothing may be changed while planning: write the plan, and hand it over.';
export const PLANNED =
  'The plan has been handed to the user. Stop here; the next message says whether and how to go on.';
export const NOT_ASKED = 'The settings of this thread do not allow this, and nobody is asked.';

// ---- questions ---------------------------------------------------------------------------------------------------

/** Of a tool that claude wants to use. */
type ToolForm = Exclude<ReplyForm, { kind: 'elicitation' }>;

function formOf({ tool_name: name, tool_use_id: toolUseId, input, ...asked }: CanUseTool): ToolForm {
  const { data } = wire.questionsSchema.safeParse(name === 'AskUserQuestion' ? input : null);
  if (data !== undefined) return { kind: 'answers', toolUseId, input, questions: data.questions };
  const rules = asked.suppress_always_allow_rule ? [] : (asked.permission_suggestions ?? []);
  return { kind: 'permission', toolUseId, input, rules };
}

function bodyOf({ tool_name: name, input }: CanUseTool, form: ToolForm, cwd: string): RequestBody {
  if (form.kind === 'answers') return { kind: 'question', questions: form.questions.map(questionOf) };
  if (name === 'Bash') return { kind: 'command', command: textIn(input, 'command'), cwd };
  if (FILE_TOOLS.has(name)) return { kind: 'file-change', paths: [...pathsOf({ input })] };
  if (isReading(name)) return { kind: 'file-read', paths: [...pathsOf({ input })] };
  return { kind: 'tool', ...(mcpName(name) ?? { tool: name }), input: JSON.stringify(input) };
}

const questionOf = (
  { header, question, options, multiSelect }: Questions[number],
  index: number,
): Question => ({
  questionId: questionIdOf(index),
  header,
  question,
  options: [...options],
  allowsText: true,
  minAnswers: 1,
  ...(multiSelect ? {} : { maxAnswers: 1 }),
});

/** Claude knows its questions by their text only. */
const questionIdOf = (index: number): string => `q${index + 1}`;

function decisionsOf(form: ToolForm): Decision[] {
  if (form.kind === 'answers') return [];
  return form.rules.length === 0
    ? ['accept', 'decline', 'cancel']
    : ['accept', 'acceptForSession', 'decline', 'cancel'];
}

type Answers = Extract<Answer, { answers: unknown }>['answers'];

const answersByText = (questions: Questions, answers: Answers) =>
  Object.fromEntries(
    questions.map(({ question }, index) => [question, (answers[questionIdOf(index)] ?? []).join(', ')]),
  );
