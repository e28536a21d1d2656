/** Facts, effects and timers as one readable line each; nothing that tells two of them apart is left out. */
type Plain = Readonly<Record<string, unknown>>;

/** Long and the same in every test. */
const LEFT_OUT: ReadonlySet<string> = new Set(['type', 'settings', 'capabilities', 'policy', 'cwd', 'op']);

/** `turn.ended turnId=a outcome=completed started`: what is null, false or empty is not shown. */
export function brief(said: { readonly type: string }): string {
  const fields = Object.entries(said).filter(([key]) => !LEFT_OUT.has(key));
  return [said.type, ...fields.flatMap(([key, value]) => field(key, value))].join(' ');
}

export const briefs = (said: readonly { readonly type: string }[]): string[] => said.map(brief);

function field(key: string, value: unknown): string[] {
  if (value === null || value === false || value === undefined || value === '') return [];
  if (value === true) return [key];
  const shown = textOf(value);
  return shown === '' ? [] : [`${key}=${shown}`];
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '' : `[${value.map(textOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if ('code' in value && 'retryable' in value) return String(value.code);
  const plain: Plain = { ...value };
  const fields = Object.keys(plain).filter((key) => key === 'type' || !LEFT_OUT.has(key));
  const shown = fields.flatMap((key) => field(key, plain[key]));
  return shown.length === 0 ? '' : `(${shown.join(' ')})`;
}
