/** What goes over one connection: HTTP requests and WebSocket frames, right, wrong and cut off. */
import { bytesOf, UPGRADE } from '../helpers/raw-http.ts';
import type { Random } from '../helpers/random.ts';
import { clientText } from './client-frames.ts';
import { garbled, garbledBytes, strange } from './mutate.ts';

export interface Door {
  readonly port: number;
  readonly token: string;
}

type Header = readonly [name: string, value: string];

// prettier-ignore
const TARGETS = [
  '/healthz', '/readyz', '/metrics', '/openrpc.json', '/api/ticket', '/api/attachments', '/api/entries', '/ws', '/',
  '*', '/../token', '/..%2ftoken', '/%2e%2e/token', '//evil.example/', '/attachments/../token', '/ws?ticket=x',
  'http://evil.example/healthz', '/\\..\\token', '/%00', '/?', `/${'a'.repeat(9_000)}`,
];
const METHODS = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'CONNECT',
  'BREW',
  'get',
  '',
];
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export interface ConnectionBytes {
  readonly bytes: Buffer;
  /** Requests and frames in it. */
  readonly messageCount: number;
}

/** What one connection says, from its beginning to its end. */
export function connectionBytes(door: Door, random: Random): ConnectionBytes {
  const parts = partsOf(door, random);
  return { bytes: Buffer.concat(parts), messageCount: parts.length };
}

function partsOf(door: Door, random: Random): Buffer[] {
  switch (random.weighted({ request: 20, pipeline: 8, attachment: 10, upgrade: 12, frames: 40, noise: 10 })) {
    case 'request':
      return [requestBytes(door, random)];
    case 'pipeline':
      return Array.from({ length: 1 + random.below(12) }, () => requestBytes(door, random));
    case 'attachment':
      return [attachmentBytes(door, random)];
    case 'upgrade':
      return [garbledBytes(upgradeBytes(door, random.pick(['/ws', '/ws?ticket=x', '/other'])), random)];
    case 'frames':
      return [
        upgradeBytes(door, '/ws'),
        ...Array.from({ length: 1 + random.below(30) }, () => frameBytes(random)),
      ];
    case 'noise':
      return [Buffer.from(Array.from({ length: random.below(2_000) }, () => random.below(256)))];
  }
}

function requestBytes({ port, token }: Door, random: Random): Buffer {
  const own = `127.0.0.1:${port}`;
  const possible: readonly (readonly [share: number, ...header: Header])[] = [
    [0.35, 'Authorization', `Bearer ${token}`],
    [0.1, 'Authorization', 'Bearer x'],
    [0.3, 'Origin', random.pick(['null', 'https://evil.example', `http://${own}`])],
    [0.2, 'Host', random.pick(['evil.example', '', 'localhost', own])],
    [0.5, 'Connection', 'keep-alive'],
    [0.2, `X-${random.below(9)}`, headerValue(random)],
    [0.05, 'Content-Length', String(random.below(2 ** 31))],
    [0.05, 'Transfer-Encoding', random.pick(['chunked', 'gzip', 'x'])],
    [0.03, 'Expect', random.pick(['100-continue', 'x'])],
  ];
  const headers = possible.flatMap(([share, ...header]) => (random.chance(share) ? [header] : []));
  const many: Header[] = random.chance(0.02)
    ? Array.from({ length: 200 }, (_, index) => [`Y-${index}`, 'y'])
    : [];
  const line = `${random.pick(METHODS)} ${random.pick(TARGETS)}`;
  const body = random.chance(0.2) ? JSON.stringify(strange(random)) : '';
  const bytes = bytesOf(port, { line, headers: [...headers, ...many], body });
  return random.chance(0.5) ? bytes : garbledBytes(bytes, random);
}

const headerValue = (random: Random): string =>
  random.chance(0.1)
    ? 'v'.repeat(20_000)
    : JSON.stringify(strange(random))
        .slice(0, 200)
        .replaceAll(/[^ -~]/g, '');

/** An upload that lies about its type, its length, or both. */
function attachmentBytes({ port, token }: Door, random: Random): Buffer {
  const image = Buffer.concat([PNG, Buffer.from(headerValue(random))]);
  const body = random.chance(0.5) ? image : Buffer.from(headerValue(random));
  const type = random.pick(['image/png', 'image/gif', 'text/html', 'application/json', 'image/png; x=1', '']);
  const length = random.pick([body.length, body.length + 7, 1, 0, 99_999_999_999, -1]);
  const isChunked = random.chance(0.3);
  const size: Header = isChunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)];
  const chunks = Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);
  const headers: Header[] = [['Authorization', `Bearer ${token}`], ['Content-Type', type], size];
  const bytes = bytesOf(port, { line: 'POST /api/attachments', headers, body: isChunked ? chunks : body });
  return random.chance(0.7) ? bytes : garbledBytes(bytes, random);
}

function upgradeBytes({ port, token }: Door, path: string): Buffer {
  const headers: Header[] = [...UPGRADE, ['Authorization', `Bearer ${token}`]];
  return bytesOf(port, { line: `GET ${path}`, headers });
}

function frameBytes(random: Random): Buffer {
  switch (random.weighted({ text: 40, odd: 10, ping: 6, fragments: 6, garbled: 10, huge: 2, close: 2 })) {
    case 'text':
      return frame(1, Buffer.from(clientText(random)));
    case 'odd':
      // reserved opcodes and bits, no mask, control frames that are too long
      return frame(random.below(256), Buffer.from(garbled('{"jsonrpc":"2.0"}', random)), random.chance(0.7));
    case 'ping':
      return Buffer.concat(Array.from({ length: 1 + random.below(40) }, () => frame(9, Buffer.from('p'))));
    case 'fragments':
      return Buffer.concat([
        frame(0x101, Buffer.from('{"js')),
        frame(random.chance(0.8) ? 0x100 : 0x101, Buffer.from('onrpc')),
        frame(0, Buffer.from(random.chance(0.5) ? '":1}' : [0xff, 0xfe, 0xc0])),
      ]);
    case 'garbled':
      return garbledBytes(frame(1, Buffer.from(clientText(random))), random);
    case 'huge':
      return Buffer.from([0x81, 0xff, random.below(256), 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0]);
    case 'close':
      return frame(8, Buffer.from([random.below(256), random.below(256), random.below(256)]));
  }
}

/** A frame of a client; bit 8 of the opcode: it is not the last of its message. */
function frame(opcode: number, payload: Buffer, isMasked = true): Buffer {
  const first = opcode > 0xff ? opcode & 0xf : opcode > 0xf ? opcode : 0x80 | opcode;
  const mask = isMasked ? 0x80 : 0;
  const { length } = payload;
  const size = Buffer.alloc(length < 126 ? 1 : length < 65_536 ? 3 : 9);
  if (length < 126) size[0] = mask | length;
  else if (length < 65_536) {
    size[0] = mask | 126;
    size.writeUInt16BE(length, 1);
  } else {
    size[0] = mask | 127;
    size.writeBigUInt64BE(BigInt(length), 1);
  }
  return Buffer.concat([Buffer.from([first]), size, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}
