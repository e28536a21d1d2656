import type { PermissionProfile } from './wire.ts';

/** What a profile of codex allows beyond the sandbox, a line each: `network`, `read /a`, `write /b`. */
export function linesOf({ network, fileSystem }: PermissionProfile): string[] {
  const { read, write, entries } = fileSystem ?? {};
  const lines = [
    ...(network === null || network === undefined || network.enabled === false ? [] : ['network']),
    ...(read ?? []).map((path) => `read ${path}`),
    ...(write ?? []).map((path) => `write ${path}`),
    ...(entries ?? []).map(({ access, path }) => `${access} ${placeOf(path)}`),
  ];
  return [...new Set(lines)];
}

/** A path, a pattern, or a place of codex's own such as `{"kind":"tmpdir"}`. */
function placeOf({ path, pattern, value }: Readonly<Record<string, unknown>>): string {
  const place = path ?? pattern ?? value;
  return typeof place === 'string' ? place : JSON.stringify(place ?? null);
}
