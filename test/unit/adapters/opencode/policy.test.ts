import { describe, expect, it } from 'vitest';
import {
  hasRules,
  rulesFor,
  unmetPolicy,
  verdictOf,
  type Rule,
} from '../../../../adapters/opencode/policy.ts';
import type { InteractionMode, Policy, RuntimeMode } from '../../../../machines/domain/settings.ts';

interface Given {
  readonly policy?: Policy;
  readonly interactionMode?: InteractionMode;
}

/** What becomes of an edit, a command, a look at a file, a page, and another folder. */
function wishes(runtimeMode: RuntimeMode, { policy = {}, interactionMode = 'default' }: Given = {}): string {
  const rules = rulesFor({ runtimeMode, interactionMode, policy });
  const asked = [
    ['edit', 'src/a.ts'],
    ['bash', 'rm -rf x'],
    ['read', 'src/a.ts'],
    ['webfetch', 'https://x'],
    ['external_directory', '/etc/*'],
  ] as const;
  return asked.map(([permission, pattern]) => verdictOf(rules, permission, [pattern])).join(' ');
}

describe('the rules of a session', () => {
  it('follow the four modes', () => {
    expect(wishes('approval-required')).toBe('ask ask allow ask ask');
    expect(wishes('auto-accept-edits')).toBe('allow ask allow ask ask');
    expect(wishes('auto')).toBe('allow allow allow allow ask');
    expect(wishes('full-access')).toBe('allow allow allow allow allow');
  });

  it('let explicit fields win', () => {
    expect(wishes('full-access', { policy: { approval: 'untrusted' } })).toBe('ask ask allow ask ask');
    expect(wishes('auto', { policy: { sandbox: 'read-only' } })).toBe('ask ask allow ask ask');
    expect(wishes('approval-required', { policy: { approval: 'never' } })).toBe('deny deny allow deny deny');
    expect(wishes('auto', { policy: { approval: 'never' } })).toBe('allow allow allow allow deny');
    expect(wishes('auto', { policy: { network: true } })).toBe('allow allow allow allow ask');
  });

  it('change nothing while planning, whatever the mode', () => {
    const interactionMode = 'plan';
    expect(wishes('full-access', { interactionMode })).toBe('deny deny allow deny deny');
    expect(wishes('auto', { interactionMode })).toBe('deny ask allow ask ask');
    const rules = rulesFor({ runtimeMode: 'auto', interactionMode, policy: {} });
    expect(verdictOf(rules, 'edit', ['.opencode/plans/one.md'])).toBe('allow');
  });

  it('ask about files with secrets, unless all is allowed', () => {
    const of = (runtimeMode: RuntimeMode, file: string) =>
      verdictOf(rulesFor({ runtimeMode, interactionMode: 'default', policy: {} }), 'read', [file]);
    expect([of('auto', '.env'), of('auto', 'a/.env.local'), of('auto', '.env.example')]).toEqual([
      'ask',
      'ask',
      'allow',
    ]);
    expect(of('full-access', '.env')).toBe('allow');
  });

  it('cannot keep commands off the network', () => {
    expect(unmetPolicy({ network: false })).toContain('network');
    expect(unmetPolicy({})).toBeNull();
  });
});

describe('a verdict', () => {
  const rule = (pattern: string, action: Rule['action']): Rule => ({ permission: 'bash', pattern, action });

  it('is that of the last rule that fits, and the strictest of several patterns', () => {
    const rules = [rule('*', 'ask'), rule('git *', 'allow'), rule('git push *', 'deny')];
    expect(verdictOf(rules, 'bash', ['git status'])).toBe('allow');
    expect(verdictOf(rules, 'bash', ['git'])).toBe('allow');
    expect(verdictOf(rules, 'bash', ['gitk'])).toBe('ask');
    expect(verdictOf(rules, 'bash', ['git status', 'ls'])).toBe('ask');
    expect(verdictOf(rules, 'bash', ['ls', 'git push -f'])).toBe('deny');
    expect(verdictOf(rules, 'edit', ['x'])).toBe('ask');
  });

  it('takes a pattern for no more than it says', () => {
    expect(verdictOf([rule('a.b', 'allow')], 'bash', ['axb'])).toBe('ask');
    expect(verdictOf([rule('a?b', 'allow')], 'bash', ['axb'])).toBe('allow');
    expect(verdictOf([rule('*', 'allow')], 'bash', ['two\nlines'])).toBe('allow');
    expect(verdictOf([], 'bash', [])).toBe('ask');
  });
});

it('knows whether rules are in effect: they are the last', () => {
  const [wanted, other] = [rulesFor(given('auto')), rulesFor(given('full-access'))];
  expect(hasRules([...other, ...wanted], wanted)).toBe(true);
  expect(hasRules([...wanted, ...other], wanted)).toBe(false);
  expect(hasRules([], wanted)).toBe(false);
});

const given = (runtimeMode: RuntimeMode) =>
  ({ runtimeMode, interactionMode: 'default', policy: {} }) as const;
