/** Times and amounts as people read them. */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Such as `now`, `5 min`, `14:02`, `3 May`. */
export function shortTime(at: number, now: number): string {
  const ago = now - at;
  if (ago < MINUTE_MS) return 'now';
  if (ago < HOUR_MS) return `${Math.floor(ago / MINUTE_MS)} min`;
  return ago < DAY_MS ? clock.format(at) : day.format(at);
}

export const wholeTime = (at: number): string => whole.format(at);
export const clockTime = (at: number): string => clock.format(at);

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / MINUTE_MS);
  return minutes < 60
    ? `${minutes} min ${Math.floor((ms % MINUTE_MS) / 1_000)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const amount = (count: number): string => compact.format(count);
export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
