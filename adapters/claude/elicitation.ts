/** What an MCP server asks a person through claude. */
import { requestIdOf } from '../../machines/domain/ids.ts';
import type { Answer, Decision, RequestBody } from '../../machines/domain/request.ts';
import { contentOf, formSchema, questionsOf, type FormFields } from '../shared/forms.ts';
import type { AskScope, Asked } from './approvals.ts';
import type { Elicitation } from './wire.ts';

/** `null`: nobody could answer that here. */
export function elicitedIn(asked: Elicitation, scope: Omit<AskScope, 'transcript' | 'cwd'>): Asked | null {
  const { connectionId, nativeRequestId, rawRef, turn } = scope;
  const form = formSchema.safeParse(asked.requested_schema ?? {});
  if (!form.success && asked.mode !== 'url') return null;
  const fields = form.data?.properties ?? {};
  const isForm = asked.mode !== 'url' && Object.keys(fields).length > 0;
  const body: RequestBody =
    isForm && form.success ? { kind: 'question', questions: questionsOf(form.data) } : consentTo(asked);
  const decisions: Decision[] = [...(isForm ? [] : (['accept'] as const)), 'decline', 'cancel'];
  return {
    form: { kind: 'elicitation', toolUseId: '', fields: isForm ? fields : {} },
    report: {
      type: 'provider.requestOpened',
      connectionId,
      ...turn,
      owner: 'turn',
      request: {
        requestId: requestIdOf(connectionId, nativeRequestId),
        nativeRequestId,
        body,
        decisions,
        ...(asked.message === '' ? {} : { reason: asked.message }),
        rawRef,
      },
    },
  };
}

const consentTo = ({ mcp_server_name: server, url }: Elicitation): RequestBody => ({
  kind: 'tool',
  tool: 'elicitation',
  server,
  ...(url === undefined ? {} : { url }),
});

/** What the MCP server is answered. */
export function elicitationReply(fields: FormFields, answer: Answer): object {
  if ('answers' in answer) return { action: 'accept', content: contentOf(fields, answer.answers) };
  const isAccepted = answer.decision === 'accept' || answer.decision === 'acceptForSession';
  return { action: isAccepted ? 'accept' : answer.decision };
}
