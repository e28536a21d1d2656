/** Forms of MCP servers as questions, and the answers as values of the form. */
import type { Answer, Decision, RequestBody } from '../../machines/domain/request.ts';
import { contentOf, formSchema, questionsOf, type FormFields } from '../shared/forms.ts';
import type { Elicitation } from './wire.ts';

interface Asked {
  readonly body: RequestBody;
  readonly decisions: Decision[];
  readonly fields: FormFields;
}

/** What an MCP server asks, or codex in its name; `null`: nobody could answer that here. */
export function elicited(asked: Elicitation): Asked | null {
  if (asked.mode === 'url') return { ...consentTo(asked), fields: {} };
  const schema = formSchema.safeParse(asked.requestedSchema ?? {});
  if (!schema.success || !FORM_MODES.has(asked.mode)) return null;
  const { properties: fields } = schema.data;
  if (Object.keys(fields).length === 0) return { ...consentTo(asked), fields };
  const questions = questionsOf(schema.data);
  return { body: { kind: 'question', questions }, decisions: ['decline', 'cancel'], fields };
}

const FORM_MODES: ReadonlySet<string> = new Set(['form', 'openai/form', 'openaiForm']);

/** `always` would be kept beyond the session; it is not offered. */
function consentTo({ _meta, url, serverName: server }: Elicitation): Omit<Asked, 'fields'> {
  const canPersist = _meta?.persist?.includes('session') ?? false;
  const params = _meta?.tool_params;
  return {
    body: {
      kind: 'tool',
      tool: _meta?.tool_name ?? 'elicitation',
      server,
      ...(params === undefined ? {} : { input: JSON.stringify(params) }),
      ...(url === undefined ? {} : { url }),
    },
    decisions: ['accept', ...(canPersist ? (['acceptForSession'] as const) : []), 'decline', 'cancel'],
  };
}

/** What the MCP server is answered. */
export function elicitationReply(fields: FormFields, answer: Answer): unknown {
  if ('answers' in answer) {
    return { action: 'accept', content: contentOf(fields, answer.answers), _meta: null };
  }
  const { decision } = answer;
  const isAccepted = decision === 'accept' || decision === 'acceptForSession';
  return {
    action: isAccepted ? 'accept' : decision,
    content: null,
    _meta: decision === 'acceptForSession' ? { persist: 'session' } : null,
  };
}
