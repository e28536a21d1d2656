/** What one client may use of the server, and how much is held for it. The unit is the last word of each name. */

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = Object.freeze({
  // inbound
  /** Of one message of a client; a longer one closes the socket with 4413. */
  inboundMessageBytes: MIB,
  /** Fragments of one message, and reads until one is whole: each costs far more than its bytes. Closes with 4413 too. */
  inboundPieceCount: 4_096,
  /** Nesting of arrays and objects in a message of a client. */
  inboundDepth: 32,
  /** Messages that wait for their turn; above it the socket is not read. */
  inboxCount: 64,
  /** The same in their size, of which one message more can come in. */
  inboxBytes: MIB,
  /** More than the server can do for one client; above it a client only floods. Fairness is the pump's. */
  requestsPerSecond: 5_000,
  /** Requests at once after a pause; as many refusals again close the socket with 4429. */
  requestBurstCount: 10_000,
  subscriptionCount: 256,
  socketCount: 1_000,
  handshakeTimeoutMs: 10_000,

  // outbound
  /** Of one message to a client. */
  messageBytes: MIB,
  /** Of a text in a frame; the rest is read with `orchestration.getItem`. */
  textBytes: 64 * KIB,
  /** Of a page of a backlog; one entry alone may be longer. */
  backlogMessageBytes: 256 * KIB,
  /** Entries that one page of a backlog reads. */
  backlogEntryCount: 200,
  /** Of the messages of a commit that are kept together for one write. */
  writeBytes: 64 * KIB,
  /** Rows that one page of the thread list reads. */
  shellPageCount: 200,
  /** Changed threads that are remembered for one client; above it the whole list is sent again. */
  shellDirtyCount: 10_000,
  /** Items of the page in a `snapshot` frame. */
  snapshotItemCount: 50,

  // back-pressure
  /** Above it a client lags: deltas are dropped and it is told by `resync` when it has drained. */
  lagBytes: MIB,
  /** At or below it a lagging client has drained. A client that acknowledges does so at least this often. */
  drainedBytes: 256 * KIB,
  /** Above it the socket is closed with 4408. */
  lagCloseBytes: 8 * MIB,
  /** A client that lags for longer is closed with 4408. */
  lagCloseMs: 30_000,
  /** A close that the client does not answer ends the socket after it. */
  closeTimeoutMs: 2_000,
  /** A client that does not answer a ping until the next one is gone. */
  pingIntervalMs: 30_000,
  /** Between two looks at all sockets. */
  sweepIntervalMs: 1_000,
  /** Of work for clients in one turn of the event loop. */
  sliceMs: 4,
});

export type Limits = { readonly [Name in keyof typeof LIMITS]: number };
