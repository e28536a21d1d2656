/** What is answered at which path. `Host` and `Origin` have been checked. */
import type { IncomingMessage } from 'node:http';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Runtime } from '../runtime/api.ts';
import type { Attachments } from './attachments.ts';
import { authorizeRequest, authorizeSignIn, type Doors } from './authorize.ts';
import { refuseOrigin, urlOf } from './guard.ts';
import { entriesPage, type ReadFrame } from './entries.ts';
import type { Metrics } from './metrics.ts';
import { ProtocolDocument } from './openrpc.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus.ts';
import { recordingAnswer, type RecordingStyle } from './recording.ts';
import { json, type Answer } from './respond.ts';
import { SIGN_IN_TTL_MS, TICKET_TTL_MS } from './tickets.ts';
import { createSession, revokeToken } from './tokens.ts';

export type Route = (request: IncomingMessage) => Answer | Promise<Answer>;
/** By method and path. */
export type Routes = Readonly<Record<string, Route | undefined>>;

export interface RouteContext {
  readonly runtime: Runtime;
  readonly doors: Doors;
  readonly metrics: Metrics;
  readonly attachments: Attachments;
  readonly dataFolder: string;
  readonly readFrame: ReadFrame;
  /** `null`: no thread is given out as one. */
  readonly recordings: RecordingStyle | null;
  /** Where agents come in; `null`: they do not. */
  readonly agents: Route | null;
}

export function routesOf(context: RouteContext): Routes {
  const { runtime, doors, metrics, attachments, readFrame, recordings, agents } = context;
  const document = new ProtocolDocument(runtime.info.version);
  return {
    'GET /healthz': (request) => {
      refuseOrigin(request);
      return json({ status: 'alive' });
    },
    'GET /readyz': (request) => {
      refuseOrigin(request);
      return runtime.isReady() ? json({ status: 'ready' }) : json({ status: 'starting' }, 503);
    },
    'GET /metrics': async (request) => {
      refuseOrigin(request);
      const body = prometheusText(await metrics.collect());
      return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body };
    },
    'GET /openrpc.json': () => document.answer(),
    'POST /api/ticket': (request) => {
      refuseForeignBody(request);
      const principal = authorizeRequest(request, doors, null);
      return json({ ticket: doors.tickets.issue(principal), expiresInMs: TICKET_TTL_MS });
    },
    ...sessionRoutes(context),
    'GET /api/entries': async (request) => {
      authorizeRequest(request, doors, 'admin');
      return json(await entriesPage(request, runtime.reads, readFrame));
    },
    ...(recordings && {
      'GET /api/recording': (request) => {
        authorizeRequest(request, doors, 'admin');
        const { reads, info } = runtime;
        return recordingAnswer(request, { reads, readFrame, release: info.version, style: recordings });
      },
    }),
    'POST /api/attachments': async (request) => {
      authorizeRequest(request, doors, 'operate');
      return json(await attachments.receive(request), 201);
    },
    'GET /api/attachments': async (request) => {
      authorizeRequest(request, doors, 'read');
      return attachments.answer(urlOf(request).searchParams.get('attachmentId'));
    },
    ...(agents && { 'POST /mcp': agents, 'GET /mcp': agents, 'DELETE /mcp': agents }),
  };
}

/** How a browser is signed in and out. No cookie: those are shared with every other port of the host. */
function sessionRoutes({ doors, dataFolder }: RouteContext): Routes {
  return {
    'POST /api/sign-in-code': (request) => {
      refuseForeignBody(request);
      const principal = authorizeRequest(request, doors, null);
      return json({ code: doors.codes.issue(principal), expiresInMs: SIGN_IN_TTL_MS });
    },
    'POST /api/session': (request) => {
      refuseForeignBody(request);
      const principal = authorizeSignIn(request, doors);
      const { token, tokenId, scopes } = createSession(dataFolder, principal, Date.now());
      return json({ token, tokenId, scopes }, 201);
    },
    'DELETE /api/session': (request) => {
      const { tokenId } = authorizeRequest(request, doors, null);
      return json({ revoked: revokeToken(dataFolder, tokenId) });
    },
  };
}

/** What a form of another page could send is refused, although it lacks the token. */
function refuseForeignBody({ headers }: IncomingMessage): void {
  const contentType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (contentType === undefined || contentType === 'application/json') return;
  throw new RuntimeError('INVALID_PARAMS', 'expected application/json or no body', {
    details: { contentType },
  });
}
