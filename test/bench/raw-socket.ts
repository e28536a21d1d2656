/** A client that sees the bytes, and that can stop reading. */
import { WebSocket, type RawData } from 'ws';
import type { BenchServer } from './bench-server-process.ts';

export interface RawMessage {
  readonly text: string;
  readonly at: number;
}

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

export class RawSocket {
  readonly ws: WebSocket;
  /** Called with each message, answers included. */
  onMessage: (message: RawMessage) => void = () => {};
  closeCode: number | null = null;
  #requestCount = 0;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data) => this.onMessage({ text: textOf(data), at: performance.now() }));
    ws.on('close', (code) => (this.closeCode = code));
  }

  static async open({ url, token }: Pick<BenchServer, 'url' | 'token'>): Promise<RawSocket> {
    const headers = { authorization: `Bearer ${token}` };
    const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers, perMessageDeflate: false });
    const socket = new RawSocket(ws);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return socket;
  }

  /** Resolves with the whole answer as it came. Not while another one is under way. */
  async ask(method: string, params: object): Promise<RawMessage> {
    this.#requestCount += 1;
    const id = this.#requestCount;
    const { onMessage } = this;
    const answered = new Promise<RawMessage>((resolve, reject) => {
      this.onMessage = (message) => {
        onMessage(message);
        const { id: answeredId, error }: Message = JSON.parse(message.text);
        if (answeredId !== id) return;
        this.onMessage = onMessage;
        if (error === undefined) resolve(message);
        else reject(new Error(message.text));
      };
    });
    this.ws.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return answered;
  }

  close(): void {
    this.ws.terminate();
  }
}

const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString() : '');
