/** The only way from text to markup: DOMPurify, under the page's policy of trusted types. */
import DOMPurify from 'dompurify';

const OPTIONS = {
  RETURN_DOM_FRAGMENT: true,
  // no SVG and no MathML
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    'style',
    'form',
    'input',
    'button',
    'textarea',
    'select',
    'iframe',
    'object',
    'embed',
    'img',
    'video',
    'audio',
  ],
  FORBID_ATTR: ['style', 'id', 'name', 'srcset'],
  ALLOW_DATA_ATTR: false,
} as const;

/** Pictures are left out: they would be asked of other hosts. */
export function safeNodes(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, {
    ...OPTIONS,
    FORBID_TAGS: [...OPTIONS.FORBID_TAGS],
    FORBID_ATTR: [...OPTIONS.FORBID_ATTR],
  });
}
