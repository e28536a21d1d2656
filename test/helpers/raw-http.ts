/** HTTP as an attacker writes it: any header, any body, byte by byte. */
import { connect } from 'node:net';

export interface RawRequest {
  /** Method and target; default `GET /healthz`. */
  readonly line?: string;
  /** In this order; a name may come twice. `Host` is added where none is given. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

export interface RawResponse {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly text: string;
  /** Of the error in the body; `null` where there is none. */
  readonly code: string | null;
}

/** One request on a connection of its own; resolves when that is closed. */
export function rawHttp(port: number, request: RawRequest = {}): Promise<RawResponse> {
  return sendBytes(port, bytesOf(port, request));
}

export function bytesOf(
  port: number,
  { line = 'GET /healthz', headers = [], body = '' }: RawRequest,
): Buffer {
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const hasLength = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const all = [
    ...(hasHost ? [] : [['Host', `127.0.0.1:${port}`] as const]),
    ...(hasLength || body.length === 0 ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]),
    ...(headers.some(([name]) => name.toLowerCase() === 'connection')
      ? []
      : [['Connection', 'close'] as const]),
    ...headers,
  ];
  const head = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${line} HTTP/1.1\r\n${head}\r\n`), Buffer.from(body)]);
}

export function sendBytes(port: number, bytes: Buffer): Promise<RawResponse> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    // a reset is an end too
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(responseOf(text)));
    socket.write(bytes);
  });
}

function responseOf(text: string): RawResponse {
  const code = /"error":\{"code":"(\w+)"/.exec(text)?.[1] ?? null;
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text, code };
}

/** What makes a request an upgrade. */
export const UPGRADE: readonly (readonly [string, string])[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
];
