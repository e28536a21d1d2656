/** Times as people read them. */
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `90_000` → `1 m 30 s`: the largest unit and the one below it. */
export function durationOf(ms: number): string {
  const at = UNITS.findIndex(([, unitMs]) => ms >= unitMs);
  if (at < 0) return '0 s';
  const [unit, unitMs] = UNITS[at] ?? UNITS[3];
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((ms % unitMs) / next[1]);
  const whole = `${Math.floor(ms / unitMs)} ${unit}`;
  return rest === 0 || next === undefined ? whole : `${whole} ${rest} ${next[0]}`;
}

/** In local time: of today without the date. */
export function clockTimeOf(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toTimeString().slice(0, 8);
  return date.toDateString() === new Date(now).toDateString()
    ? time
    : `${date.toLocaleDateString('sv')} ${time}`;
}
