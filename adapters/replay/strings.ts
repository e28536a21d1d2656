/** Strings of frames, wherever they stand. */

/** The same value with each string in it mapped; the names of its fields too where it is said how: paths may be names. */
export function mapStrings(
  value: unknown,
  map: (text: string) => string,
  mapName: (name: string) => string = (name) => name,
): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, map, mapName));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  return Object.fromEntries(fields.map(([name, each]) => [mapName(name), mapStrings(each, map, mapName)]));
}

/** Strings at the same place of two values that differ, as `[left, right]`. */
export function differingStrings(left: unknown, right: unknown): (readonly [string, string])[] {
  if (typeof left === 'string') {
    return typeof right === 'string' && left !== right ? [[left, right]] : [];
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return [];
  return Object.entries(left).flatMap(([name, each]) => differingStrings(each, Reflect.get(right, name)));
}

/** Digits may stand right after a letter, as after the code of a colour. */
const UUID = /(?<![0-9a-f-])([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f-])/gi;

/** UUIDs at the same place of two lists of arguments that differ, as `[left, right]`. */
export const differingUuids = (
  left: readonly string[],
  right: readonly string[],
): (readonly [string, string])[] =>
  left.flatMap((argument, index) => {
    const [was, is] = [argument, right[index] ?? ''].map((each) => each.match(UUID) ?? []);
    return (was ?? []).flatMap((uuid, at): (readonly [string, string])[] => {
      const other = is?.[at];
      return other === undefined || other === uuid ? [] : [[uuid, other]];
    });
  });

/** Ids in the form of a UUID, made others by the salt; twice the same salt gives the first ones back. 0 changes nothing. */
export function salted(text: string, salt: number): string {
  if (salt === 0) return text;
  return text.replace(UUID, (_, head: string, rest: string) => {
    const mixed = (Number.parseInt(head, 16) ^ salt) >>> 0;
    return mixed.toString(16).padStart(8, '0') + rest;
  });
}

/** Gives each UUID a number in the order of the first appearance, so that two recordings of one story are alike. */
export class UuidNumbers {
  readonly #numbers = new Map<string, string>();

  replaceIn(text: string): string {
    return text.replace(UUID, (uuid) => this.#numberOf(uuid.toLowerCase()));
  }

  #numberOf(uuid: string): string {
    const known = this.#numbers.get(uuid);
    if (known !== undefined) return known;
    const number = `00000000-0000-7000-8000-${String(this.#numbers.size + 1).padStart(12, '0')}`;
    this.#numbers.set(uuid, number);
    return number;
  }
}
