import type { RuntimeMode } from '../../machines/domain/settings.ts';

/** What is known of an agent before it is started. */
export interface Preset {
  /** The driver's name in the configuration. */
  readonly driver: string;
  /** As messages and the log call it. */
  readonly name: string;
  /** `null`: the configuration has to name one. */
  readonly command: string | null;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Versions that were run with the adapter, the oldest first. */
  readonly tested: readonly string[];
  /** The agent's own modes for ours; the first that a session offers is set, and none where it offers none. */
  readonly modes: Readonly<Partial<Record<RuntimeMode, readonly string[]>>>;
  /** It may read files by this client. */
  readonly readsFiles: boolean;
  /** Before the handshake tells. */
  readonly images: boolean;
  readonly planMode: boolean;
  /** Conversations can be forked as they are now. */
  readonly forks: boolean;
  /** How a session has to be called when it is loaded by a version that was tested; default: by its id. */
  readonly loadsAs: (sessionId: string) => string;
}

const preset = (given: Pick<Preset, 'driver' | 'name' | 'command'> & Partial<Preset>): Preset => ({
  args: [],
  env: {},
  tested: [],
  modes: {},
  readsFiles: true,
  images: true,
  planMode: true,
  forks: false,
  loadsAs: (sessionId) => sessionId,
  ...given,
});

export const PRESETS: readonly Preset[] = [
  preset({
    driver: 'gemini',
    name: 'gemini',
    command: 'gemini',
    args: ['--acp'],
    // without it gemini 0.61.0 starts itself once more, and memory is reserved for two
    env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
    tested: ['0.61.0'],
    // 0.61.0 does not understand that a file is missing, and so would never make one
    readsFiles: false,
    // before it looks for a session, 0.61.0 begins a file of that id, named by the minute and the first letters: in the
    // minute in which the session was made that is its own file, and all of it is lost. It looks without spaces
    loadsAs: (sessionId) => ` ${sessionId}`,
    modes: {
      'approval-required': ['default'],
      'auto-accept-edits': ['autoEdit'],
      auto: ['autoEdit'],
      'full-access': ['yolo'],
    },
  }),
  preset({
    driver: 'copilot',
    name: 'copilot',
    command: 'copilot',
    args: ['--acp'],
    tested: ['1.0.102'],
  }),
  preset({ driver: 'cursor', name: 'cursor', command: 'cursor-agent', args: ['acp'] }),
  preset({
    driver: 'opencode-acp',
    name: 'opencode',
    command: 'opencode',
    args: ['acp', '--hostname=127.0.0.1', '--port=0'],
    tested: ['1.18.33'],
    forks: true,
  }),
  preset({
    driver: 'claude-acp',
    name: 'claude-agent-acp',
    command: 'claude-agent-acp',
    tested: ['0.100.0'],
    forks: true,
    modes: {
      'approval-required': ['default'],
      'auto-accept-edits': ['acceptEdits'],
      auto: ['auto', 'acceptEdits'],
      'full-access': ['bypassPermissions'],
    },
  }),
  preset({
    driver: 'codex-acp',
    name: 'codex-acp',
    command: 'codex-acp',
    env: { NO_BROWSER: '1' },
    tested: ['2.6.0'],
    forks: true,
    modes: {
      'approval-required': ['read-only'],
      'auto-accept-edits': ['workspace-write'],
      auto: ['agent'],
      'full-access': ['agent-full-access'],
    },
  }),
  // any other agent: the configuration says how it is started, the handshake what it can do
  preset({ driver: 'acp', name: 'the agent', command: null, images: false, planMode: false }),
];
