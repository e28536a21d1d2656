/** A prompt that is being written: kept for its thread while the tab lives. */
import { signal } from '@preact/signals';

export class Draft {
  readonly text = signal('');
  readonly attachments = signal<readonly string[]>([]);
  readonly #key: string;

  constructor(threadId: string) {
    this.#key = `threadchart.draft.${threadId}`;
    this.text.value = sessionStorage.getItem(this.#key) ?? '';
  }

  write(text: string): void {
    this.text.value = text;
    sessionStorage.setItem(this.#key, text);
  }

  clear(): void {
    this.text.value = '';
    this.attachments.value = [];
    sessionStorage.removeItem(this.#key);
  }
}
