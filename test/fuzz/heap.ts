/** How much memory is in use, after a collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Of the heap and of buffers; what v8 calls external follows a collection only later. */
export function usedBytes(): number {
  if (typeof collect !== 'function') throw new Error('v8 gives no gc');
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
