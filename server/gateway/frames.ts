/** What was committed, as frames: serialised once for all clients that get the same. */
import type { Entry } from '../../machines/domain/entry.ts';
import type { ThreadSnapshot } from '../../machines/domain/snapshot.ts';
import type { CommittedThread } from '../runtime/api.ts';
import type { ResyncReason, ShellFrame, ThreadFrame, WireSnapshot } from './frame.ts';
import { fit, type Fitting } from './fit.ts';
import type { Limits } from './limits.ts';

/** Of the text around the frames of a message. */
const ENVELOPE_BYTES = 512;

/** Frames that stay together in one message. */
export interface Group {
  /** Joined with commas. */
  readonly json: string;
  readonly sizeBytes: number;
  /** Of the last frame. */
  readonly sequence: number;
  readonly version: number;
  readonly hasDeltas: boolean;
}

type Place = Pick<Group, 'sequence' | 'version'>;
/** An entry of the journal or of a commit. */
export interface FrameEntry extends Place {
  readonly at: number;
  readonly kind: Entry['kind'];
  readonly facts: readonly unknown[];
}

const frameRoom = (limits: Limits) => ({
  bytes: limits.messageBytes - ENVELOPE_BYTES,
  textBytes: limits.textBytes,
});

/** Frames that are known to be short enough. */
export function groupOf(frames: readonly (ThreadFrame | ShellFrame)[], place: Place): Group {
  const { sequence, version } = place;
  const json = JSON.stringify(frames).slice(1, -1);
  return { json, sizeBytes: Buffer.byteLength(json), sequence, version, hasDeltas: false };
}

/** A row of the list or of an instance. */
export function rowGroup(frame: ShellFrame, limits: Limits): Group {
  const { json, sizeBytes } = fit(frame, frameRoom(limits));
  const sequence = 'sequence' in frame ? frame.sequence : 0;
  return { json, sizeBytes, sequence, version: 0, hasDeltas: false };
}

/** The `event` frames of one entry; `null` where there is nothing to tell. */
export function entryGroup(
  entry: FrameEntry,
  options: { deltas: boolean; more?: readonly ThreadFrame[]; limits: Limits },
): Group | null {
  const { sequence, version, at, facts } = entry;
  const isDelta = entry.kind === 'delta';
  const told = isDelta && !options.deltas ? [] : facts;
  const frames: unknown[] = told.map((fact) => ({ kind: 'event', sequence, version, at, fact }));
  frames.push(...(options.more ?? []));
  if (frames.length === 0) return null;
  const { json, sizeBytes } = fit(frames, frameRoom(options.limits));
  return { json: json.slice(1, -1), sizeBytes, sequence, version, hasDeltas: isDelta && told.length > 0 };
}

/** Puts groups together into messages; one group alone may be longer than `bytes`, but never than a message. */
export function pack(groups: readonly Group[], bytes: number): Group[] {
  const messages: Group[] = [];
  let open: Group[] = [];
  let sizeBytes = ENVELOPE_BYTES;
  for (const group of groups) {
    if (open.length > 0 && sizeBytes + group.sizeBytes > bytes) {
      messages.push(joined(open));
      open = [];
      sizeBytes = ENVELOPE_BYTES;
    }
    open.push(group);
    sizeBytes += group.sizeBytes + 1;
  }
  if (open.length > 0) messages.push(joined(open));
  return messages;
}

function joined(groups: readonly Group[]): Group {
  const [first] = groups;
  const last = groups.at(-1);
  if (first === undefined || last === undefined || groups.length === 1) return groups[0] ?? EMPTY;
  return {
    ...last,
    json: groups.map((each) => each.json).join(','),
    sizeBytes: groups.reduce((sum, each) => sum + each.sizeBytes + 1, 0),
    hasDeltas: groups.some((each) => each.hasDeltas),
  };
}

const EMPTY: Group = { json: '', sizeBytes: 0, sequence: 0, version: 0, hasDeltas: false };

export const resyncFrame = (reason: ResyncReason) => ({ kind: 'resync', reason }) as const;

/** What one commit changed of one thread, as messages; made when the first client needs them. */
export class ThreadTick {
  readonly thread: CommittedThread;
  readonly #limits: Limits;
  #withDeltas: readonly Group[] | null = null;
  #withoutDeltas: readonly Group[] | null = null;

  constructor(thread: CommittedThread, limits: Limits) {
    this.thread = thread;
    this.#limits = limits;
  }

  messages(deltas: boolean): readonly Group[] {
    if (deltas) return (this.#withDeltas ??= this.#build(true, 0));
    return (this.#withoutDeltas ??= this.#build(false, 0));
  }

  /** For a client that has read some of the entries from the journal. */
  messagesAfter(version: number, deltas: boolean): readonly Group[] {
    return this.#build(deltas, version);
  }

  #build(deltas: boolean, after: number): Group[] {
    const { entries, state } = this.thread;
    const last = entries.at(-1);
    const groups = entries.map((entry) => {
      if (entry.version <= after) return null;
      const { sequence, version } = entry;
      const isTold = entry === last && state !== null;
      const more: ThreadFrame[] = isTold ? [{ kind: 'state', sequence, version, state }] : [];
      return entryGroup(entry, { deltas, more, limits: this.#limits });
    });
    return pack(
      groups.filter((each) => each !== null),
      this.#limits.messageBytes,
    );
  }
}

/** A snapshot that fits a message: texts are cut first, then the page of items ends early, the newest stay. */
export function fitSnapshot(snapshot: ThreadSnapshot, limits: Limits): WireSnapshot {
  const room = frameRoom(limits);
  const whole = JSON.stringify(snapshot);
  if (whole.length * 3 <= room.textBytes) return snapshot;
  const { items, ...rest } = snapshot;
  const base = fit(rest, { ...room, bytes: room.bytes / 2 });
  let left = room.bytes - base.sizeBytes - ENVELOPE_BYTES;
  const page: WireSnapshot['items'] = [];
  for (const item of items.toReversed()) {
    const fitting: Fitting<WireSnapshot['items'][number]> = fit(item, { ...room, bytes: room.bytes / 4 });
    if (fitting.sizeBytes + 1 > left) break;
    left -= fitting.sizeBytes + 1;
    page.unshift(fitting.value);
  }
  return { ...base.value, items: page };
}
