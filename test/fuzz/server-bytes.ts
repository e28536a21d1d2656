/** Reads what the server has sent on one connection: HTTP answers, then the frames of a WebSocket. */

export interface ServerSaid {
  /** Of the HTTP answers. */
  readonly statuses: readonly number[];
  /** Of the text frames. */
  readonly texts: readonly string[];
  readonly closeCode: number | null;
}

export function readServer(bytes: Buffer): ServerSaid {
  const head = bytes.toString('latin1');
  const at = head.indexOf('HTTP/1.1 101 ');
  const http = at === -1 ? head : head.slice(0, at);
  const statuses = [...http.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  if (at === -1) return { statuses, texts: [], closeCode: null };
  const start = head.indexOf('\r\n\r\n', at) + 4;
  return { statuses: [...statuses, 101], ...readFrames(bytes.subarray(start)) };
}

function readFrames(bytes: Buffer): Omit<ServerSaid, 'statuses'> {
  const texts: string[] = [];
  let closeCode: number | null = null;
  for (let rest = bytes; rest.length >= 2;) {
    const { opcode, payload, sizeBytes } = readFrame(rest);
    if (rest.length < sizeBytes) break;
    if (opcode === 1) texts.push(payload.toString());
    if (opcode === 8 && payload.length >= 2) closeCode = payload.readUInt16BE(0);
    rest = rest.subarray(sizeBytes);
  }
  return { texts, closeCode };
}

function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; sizeBytes: number } {
  const opcode = (bytes[0] ?? 0) & 15;
  const short = (bytes[1] ?? 0) & 127;
  const [length, start] = lengthOf(bytes, short);
  return { opcode, payload: bytes.subarray(start, start + length), sizeBytes: start + length };
}

function lengthOf(bytes: Buffer, short: number): [length: number, start: number] {
  if (short < 126) return [short, 2];
  if (short === 126) return [bytes.length < 4 ? Infinity : bytes.readUInt16BE(2), 4];
  return [bytes.length < 10 ? Infinity : Number(bytes.readBigUInt64BE(2)), 10];
}
