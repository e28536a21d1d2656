/** Pages that came over plain HTTP from elsewhere than loopback have no clipboard. */
export const canCopy = (): boolean => Reflect.has(navigator, 'clipboard');

export const copy = (text: string): Promise<void> => navigator.clipboard.writeText(text);
