/** Approvals and questions that wait for a person. */
import type { Decision, RequestRow } from '../../../machines/domain/request.ts';
import type { Moment } from '../state/moment.ts';
import { Button } from '../ui/button.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import type { ThreadActions } from './actions.ts';
import { QuestionForm } from './question-form.tsx';

interface RequestsViewProps {
  readonly moment: Moment;
  /** `null`: it is only looked at. */
  readonly actions: ThreadActions | null;
}

export function RequestsView({ moment: { requests, expired, machine }, actions }: RequestsViewProps) {
  // an agent that goes on has no use for what it asked before
  const askable = machine.children.turn === undefined && actions !== null ? expired : [];
  return (
    <div class="requests" aria-live="polite">
      {requests.map((request) => (
        <RequestCard key={request.requestId} request={request} actions={actions} />
      ))}
      {askable.map((request) => (
        <ExpiredCard key={request.requestId} request={request} actions={actions} />
      ))}
    </div>
  );
}

interface RequestCardProps {
  readonly request: RequestRow;
  readonly actions: ThreadActions | null;
}

function RequestCard({ request, actions }: RequestCardProps) {
  const { body, reason, status, failure } = request;
  return (
    <section class="card request" aria-label={TITLES[body.kind]} data-request={request.requestId}>
      <header class="card-head">{TITLES[body.kind]}</header>
      <RequestBodyView request={request} />
      {reason !== undefined && <p class="muted">{reason}</p>}
      {failure !== null && status === 'undeliverable' && <FailureNote failure={failure} />}
      {body.kind === 'question' ? (
        <QuestionForm request={request} questions={body.questions} actions={actions} />
      ) : (
        <Decisions request={request} actions={actions} />
      )}
    </section>
  );
}

function ExpiredCard({ request, actions }: RequestCardProps) {
  const { requestId, body } = request;
  return (
    <section class="card" aria-label="Not answered in time">
      <header class="card-head">Not answered in time: {TITLES[body.kind]}</header>
      <RequestBodyView request={request} />
      <div class="row">
        <Button onClick={() => void actions?.run({ type: 'request.askAgain', requestId })}>Ask again</Button>
      </div>
    </section>
  );
}

const TITLES = {
  command: 'May it run this command?',
  'file-read': 'May it read these files?',
  'file-change': 'May it change these files?',
  tool: 'May it use this tool?',
  question: 'It asks you',
} as const;

function RequestBodyView({ request: { body } }: { readonly request: RequestRow }) {
  switch (body.kind) {
    case 'command':
      return (
        <>
          <pre class="output command-line">{body.command}</pre>
          {body.cwd !== undefined && <p class="muted">in {body.cwd}</p>}
          <PlainList lines={body.permissions ?? []} />
        </>
      );
    case 'file-read':
    case 'file-change':
      return (
        <>
          <PlainList lines={body.paths} />
          <PlainList lines={body.permissions ?? []} />
        </>
      );
    case 'tool':
      return (
        <>
          <p>
            <code>{body.server === undefined ? body.tool : `${body.server} · ${body.tool}`}</code>
          </p>
          {body.input !== undefined && <pre class="output">{body.input}</pre>}
          {body.url !== undefined && <PageLink url={body.url} />}
        </>
      );
    default:
      return null;
  }
}

/** An agent may name any address: only pages of the web are opened. */
const PageLink = ({ url }: { readonly url: string }) =>
  /^https?:\/\//.test(url) ? (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {url}
    </a>
  ) : (
    <code>{url}</code>
  );

const PlainList = ({ lines }: { readonly lines: readonly string[] }) =>
  lines.length === 0 ? null : (
    <ul class="file-list">
      {lines.map((line) => (
        <li key={line}>
          <code>{line}</code>
        </li>
      ))}
    </ul>
  );

const DECISIONS: Record<Decision, string> = {
  accept: 'Allow',
  acceptForSession: 'Allow for this session',
  decline: 'Decline',
  cancel: 'Cancel the turn',
};
const LOOKS = { accept: 'primary', acceptForSession: 'plain', decline: 'plain', cancel: 'quiet' } as const;

function Decisions({ request: { requestId, decisions, status }, actions }: RequestCardProps) {
  if (actions === null) return null;
  if (status === 'answering') return <p class="muted">The answer is on its way…</p>;
  return (
    <div class="row">
      {decisions.map((decision) => (
        <Button
          key={decision}
          look={LOOKS[decision]}
          disabled={!actions.can('request.respond')}
          onClick={() => void actions.run({ type: 'request.respond', requestId, decision })}
        >
          {DECISIONS[decision]}
        </Button>
      ))}
    </div>
  );
}
