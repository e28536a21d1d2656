/** Who told whom what: clients and provider outside, the three actors between them; time goes down. */
import type { InspectedEntry } from '../../client/client.ts';
import { ACTOR_NAMES, effectName, pathOf, typeOf } from './entry-words.ts';
import type { InspectStore } from './inspect-store.ts';

const LINES = ['client', 'thread', 'connection', 'turn', 'provider'] as const;
type Line = (typeof LINES)[number];
const COLUMN_WIDTH = 126;
const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 34;
/** Entries that are drawn, up to the moment. */
const ENTRY_COUNT = 30;

interface Message {
  readonly version: number;
  readonly from: Line;
  readonly to: Line;
  readonly text: string;
}

export function SequenceView({ store }: { readonly store: InspectStore }) {
  const { value: version } = store.version;
  const messages = store.entries.value
    .filter((entry) => entry.version <= version && entry.entryKind === 'input')
    .slice(-ENTRY_COUNT)
    .flatMap(messagesOf);
  const height = HEAD_HEIGHT + messages.length * ROW_HEIGHT + 16;
  const width = LINES.length * COLUMN_WIDTH;
  return (
    <section class="sequence" aria-label="Sequence" tabIndex={0}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label="Sequence diagram"
      >
        {LINES.map((line) => (
          <g key={line}>
            <text class="line-name" x={xOf(line)} y={18} text-anchor="middle">
              {line}
            </text>
            <line class="life" x1={xOf(line)} x2={xOf(line)} y1={26} y2={height - 4} />
          </g>
        ))}
        {messages.map((message, index) => (
          <MessageRow
            key={index}
            message={message}
            y={HEAD_HEIGHT + index * ROW_HEIGHT + 16}
            isCurrent={message.version === version}
          />
        ))}
      </svg>
    </section>
  );
}

const xOf = (line: Line): number => (LINES.indexOf(line) + 0.5) * COLUMN_WIDTH;

interface MessageRowProps {
  readonly message: Message;
  readonly y: number;
  readonly isCurrent: boolean;
}

function MessageRow({ message: { from, to, text }, y, isCurrent }: MessageRowProps) {
  const [start, end] = [xOf(from), xOf(to)];
  if (from === to) {
    return (
      <g class={`message own ${isCurrent ? 'lit' : ''}`}>
        <circle cx={start} cy={y - 4} r={3.5} />
        <text x={start + 8} y={y}>
          {text}
        </text>
      </g>
    );
  }
  const way = end > start ? 1 : -1;
  return (
    <g class={`message ${isCurrent ? 'lit' : ''}`}>
      <line x1={start} x2={end} y1={y} y2={y} />
      <path d={`M${end} ${y}l${-8 * way} -4v8z`} />
      <text x={(start + end) / 2} y={y - 4} text-anchor="middle">
        {text}
      </text>
    </g>
  );
}

/** An input comes from outside to the actor that takes it first; then the actors tell each other, then they ask. */
function messagesOf({ version, input, commandId, taken, changes, effects }: InspectedEntry): Message[] {
  const type = typeOf(input);
  const source: Line =
    commandId !== null ? 'client' : /^(provider|connection|process)\./.test(type) ? 'provider' : 'thread';
  const [first, ...rest] = taken;
  const entry: Message = {
    version,
    from: source,
    to: first === undefined ? 'thread' : ACTOR_NAMES[first.actor],
    text: type,
  };
  const inner = rest.map(({ actor, event }, index): Message => {
    const to = ACTOR_NAMES[actor];
    const ended = /^xstate\.done\.actor\.(\w+)$/.exec(event)?.[1];
    const from =
      ended === 'turn' || ended === 'connection'
        ? ended
        : actor === 'root'
          ? tellerOf(taken[index]?.actor)
          : 'thread';
    return { version, from, to, text: ended === undefined ? event : `${ended} is done` };
  });
  const states = changes.map(({ actor, to }): Message => {
    const line = ACTOR_NAMES[actor];
    return { version, from: line, to: line, text: to === null ? 'ended' : pathOf(to) };
  });
  const asked = effects.map((effect): Message => {
    const [from, to] = wayOf(typeOf(effect));
    return { version, from, to, text: effectName(effect) };
  });
  return [entry, ...inner, ...states, ...asked];
}

/** What the thread is told comes from the one that has just taken something. */
const tellerOf = (actor: keyof typeof ACTOR_NAMES | undefined): Line =>
  actor === undefined || actor === 'root' ? 'turn' : ACTOR_NAMES[actor];

/** Of an effect: to the provider, or what the server does itself. */
function wayOf(type: string): readonly [Line, Line] {
  if (/^(turn|request)\./.test(type)) return ['turn', 'provider'];
  return type.startsWith('connection.') ? ['connection', 'provider'] : ['thread', 'thread'];
}
