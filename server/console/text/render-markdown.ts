/** Markdown to nodes. What an agent says is not trusted: everything goes through DOMPurify, and links open elsewhere. */
import { Lexer, Marked } from 'marked';
import { canCopy, copy } from '../ui/clipboard.ts';
import { highlightIn } from './highlight.ts';
import { safeNodes } from './safe-nodes.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);

/** Markup in a text is shown as it is written, and a picture is a link to it: it would be asked of another host. */
const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
  },
});

/** The sources of the blocks of a text. */
export function blocksOf(text: string): string[] {
  return new Lexer({ gfm: true }).lex(text).flatMap(({ type, raw }) => (type === 'space' ? [] : [raw]));
}

export function renderBlock(source: string, into: HTMLElement): void {
  const nodes = safeNodes(marked.parse(source, { async: false }));
  for (const link of nodes.querySelectorAll('a')) {
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer');
  }
  if (canCopy()) for (const code of nodes.querySelectorAll<HTMLElement>('pre > code')) addCopyButton(code);
  into.replaceChildren(nodes);
  void highlightIn(into);
}

/** Text of a block to the clipboard. */
function addCopyButton(code: HTMLElement): void {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy-code';
  button.textContent = 'Copy';
  button.addEventListener('click', () => {
    void copy(code.textContent ?? '').then(() => (button.textContent = 'Copied'));
  });
  code.parentElement?.append(button);
}
