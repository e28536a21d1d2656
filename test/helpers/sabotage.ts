import { onTestFinished } from 'vitest';

type Method<Self> = (self: Self, args: unknown[], original: (...args: unknown[]) => unknown) => unknown;

/** Replaces a method of a class until the end of the test, to see that a suite notices. */
export function sabotage<Self extends object>(
  type: { readonly prototype: Self },
  name: keyof Self,
  method: Method<Self>,
): void {
  const { prototype } = type;
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  const value = function (this: Self, ...args: unknown[]): unknown {
    return method(this, args, (...given) => original.apply(this, given));
  };
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  onTestFinished(() => {
    Object.defineProperty(prototype, name, { value: original, configurable: true, writable: true });
  });
}
