/**
 * Many clients of one thread in a process of their own: `fan-out-clients.ts URL TOKEN THREAD COUNT`. Prints `ready`, and
 * for each title `mark N` of the thread a line with N and the messages so far, when all clients have seen it.
 */
import { WebSocket } from 'ws';

const [url = '', token = '', threadId = '', count = '1'] = process.argv.slice(2);
const clientCount = Number(count);
const seenBy = new Map<string, number>();
let messageCount = 0;

function take(text: string): void {
  messageCount += 1;
  // the last one is enough; parsing every message would make the clients the bottleneck
  const at = text.lastIndexOf('"title":"mark ');
  if (text.includes('"kind":"resync"')) throw new Error('a client lagged: the bench measures nothing');
  if (at === -1 || !text.includes('thread.titleSet')) return;
  const mark = text.slice(at + 14, text.indexOf('"', at + 14));
  const seen = (seenBy.get(mark) ?? 0) + 1;
  seenBy.set(mark, seen);
  if (seen === clientCount) console.log(`${mark} ${messageCount}`);
}

function open(): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  socket.on('open', () => {
    const params = { threadId, deltas: true };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'orchestration.subscribeThread', params }));
  });
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      const text = Buffer.isBuffer(data) ? data.toString('latin1') : '';
      if (text.includes('"kind":"synchronized"')) resolve();
      take(text);
    });
  });
}

await Promise.all(Array.from({ length: clientCount }, open));
messageCount = 0;
console.log('ready');
