import type { Policy, RuntimeMode } from '../../machines/domain/settings.ts';
import {
  MODES as COMMON_MODES,
  policyOf,
  type Approval,
  type AskedPolicy,
  type ModePolicy,
  type Sandbox,
} from '../shared/policy.ts';

/** What is done about a tool's wish; of several that fit, the last one counts. */
export interface Rule {
  readonly permission: string;
  readonly pattern: string;
  readonly action: 'allow' | 'ask' | 'deny';
}

/** opencode knows of no request by the agent itself: where only edits are accepted, the rest is asked about. */
const MODES: Readonly<Record<RuntimeMode, ModePolicy>> = {
  ...COMMON_MODES,
  'auto-accept-edits': { approval: 'untrusted', sandbox: 'workspace-write' },
};

const rule = (permission: string, action: Rule['action'], pattern = '*'): Rule => ({
  permission,
  pattern,
  action,
});

/** Changes nothing: looking, planning, asking. A sub-agent is held to the same rules. */
const HARMLESS: readonly Rule[] = [
  ...['read', 'glob', 'grep', 'list', 'lsp', 'skill', 'task', 'todoread', 'todowrite', 'question'].map(
    (permission) => rule(permission, 'allow'),
  ),
  rule('read', 'ask', '*.env'),
  rule('read', 'ask', '*.env.*'),
  rule('read', 'allow', '*.env.example'),
];

/** Where the agent `plan` keeps its plans. */
const PLAN_FILES: readonly Rule[] = [
  rule('edit', 'deny'),
  rule('edit', 'allow', '.opencode/plans/*.md'),
  rule('edit', 'allow', '*/opencode/plans/*.md'),
];

/** The rules of a session for a runtime mode; explicit policy fields win. Nothing of a user's own rules is left. */
export function rulesFor(asked: AskedPolicy): readonly Rule[] {
  const { approval, sandbox } = policyOf(asked, MODES);
  const web = asked.policy.network === false ? [rule('webfetch', 'deny'), rule('websearch', 'deny')] : [];
  if (asked.interactionMode === 'plan') {
    return [rule('*', approval === 'never' ? 'deny' : 'ask'), ...HARMLESS, ...PLAN_FILES, ...web];
  }
  return [...rulesOf(approval, sandbox), ...web];
}

function rulesOf(approval: Approval, sandbox: Sandbox): readonly Rule[] {
  const otherwise = approval === 'never' ? 'deny' : 'ask';
  if (sandbox === 'full-access')
    return approval === 'untrusted' ? [rule('*', 'ask'), ...HARMLESS] : [rule('*', 'allow')];
  const edits = sandbox === 'workspace-write' ? [rule('edit', 'allow')] : [];
  if (sandbox === 'read-only' || approval === 'untrusted')
    return [rule('*', otherwise), ...HARMLESS, ...edits];
  return [
    rule('*', 'allow'),
    ...HARMLESS,
    rule('external_directory', otherwise),
    rule('doom_loop', otherwise),
  ];
}

/** What opencode cannot be held to; `null`: everything that is asked for. */
export const unmetPolicy = ({ network }: Policy): string | null =>
  network === false ? 'opencode has no way to keep commands off the network' : null;

/** What the rules say about all the patterns of one wish: the strictest word counts. */
export function verdictOf(
  rules: readonly Rule[],
  permission: string,
  patterns: readonly string[],
): Rule['action'] {
  const all = patterns.length === 0 ? ['*'] : patterns;
  const verdicts = all.map(
    (pattern) =>
      rules.findLast((each) => matches(each.permission, permission) && matches(each.pattern, pattern))
        ?.action ?? 'ask',
  );
  if (verdicts.includes('deny')) return 'deny';
  return verdicts.includes('ask') ? 'ask' : 'allow';
}

/** As opencode matches: `*` is any text, `?` one character, and ` *` at the end may be left out. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const whole = source.endsWith(' .*') ? `${source.slice(0, -' .*'.length)}( .*)?` : source;
  return new RegExp(`^${whole}$`, 's').test(text);
}

/** Whether a session has these rules in effect: what was added last counts. */
export const hasRules = (inEffect: readonly Rule[], wanted: readonly Rule[]): boolean =>
  wanted.every((each, index) => {
    const other = inEffect[inEffect.length - wanted.length + index];
    return (
      other?.permission === each.permission && other.pattern === each.pattern && other.action === each.action
    );
  });
