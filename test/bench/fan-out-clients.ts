/**
 * Many clients in a process of their own, each of which follows all threads: `fan-out-clients.ts URL TOKEN THREADS COUNT`.
 * Prints `ready`, and each time that all clients have seen another turn end a line with the turns and messages so far.
 */
import { WebSocket } from 'ws';

const [url = '', token = '', threadList = '', count = '1'] = process.argv.slice(2);
const threadIds = threadList.split(',');
const clientCount = Number(count);
const seenBy: number[] = [];
let messageCount = 0;

const TURN_END = '"type":"turn.ended"';

/** @returns how many ends of turns the text tells; parsing every message would make the clients the bottleneck. */
function take(text: string): number {
  messageCount += 1;
  if (text.includes('"kind":"resync"')) throw new Error('a client lagged: the bench measures nothing');
  return text.split(TURN_END).length - 1;
}

function open(): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  let synchronizedCount = 0;
  let turnCount = 0;
  socket.on('open', () => {
    const method = 'orchestration.subscribeThread';
    for (const threadId of threadIds) {
      socket.send(
        JSON.stringify({ jsonrpc: '2.0', id: threadId, method, params: { threadId, deltas: true } }),
      );
    }
  });
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      const text = Buffer.isBuffer(data) ? data.toString('latin1') : '';
      if (text.includes('"kind":"synchronized"')) synchronizedCount += 1;
      if (synchronizedCount === threadIds.length) resolve();
      for (let ended = take(text); ended > 0; ended -= 1) {
        turnCount += 1;
        seenBy[turnCount] = (seenBy[turnCount] ?? 0) + 1;
        if (seenBy[turnCount] === clientCount) console.log(`${turnCount} ${messageCount}`);
      }
    });
  });
}

process.once('disconnect', () => process.exit());
await Promise.all(Array.from({ length: clientCount }, open));
messageCount = 0;
console.log('ready');
