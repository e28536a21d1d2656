/** Requests as somebody would make them who has no right to. */
import { expect } from 'vitest';
import { fetchTicket } from '../../server/client/ticket-socket.ts';
import { rawHttp, UPGRADE, type RawRequest, type RawResponse } from './raw-http.ts';
import type { StartedGateway } from './start-gateway.ts';

export type Headers = [string, string][];

export const ask = ({ server }: StartedGateway, request: RawRequest): Promise<RawResponse> =>
  rawHttp(server.port, request);

export const upgrade = (gateway: StartedGateway, query: string, headers: Headers): Promise<RawResponse> =>
  ask(gateway, { line: `GET /ws${query}`, headers: [...UPGRADE, ...headers] });

export async function ticketOf(gateway: StartedGateway): Promise<string> {
  return fetchTicket(gateway.url, gateway.token);
}

/** Nothing that changes anything was reached. */
export function expectUntouched({ runtime, server }: StartedGateway): void {
  expect(runtime.dispatched).toEqual([]);
  expect(server.gateway.stats.requestCount).toBe(0);
  expect(server.gateway.stats.socketCount).toBe(0);
}
