/** Colours of code. Each language is a file of its own, fetched when it is met. */
import hljs from 'highlight.js/lib/core';
import type { LanguageFn } from 'highlight.js';
import { safeNodes } from './safe-nodes.ts';

const LANGUAGES: Readonly<Record<string, () => Promise<{ default: LanguageFn }>>> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  go: () => import('highlight.js/lib/languages/go'),
  graphql: () => import('highlight.js/lib/languages/graphql'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  php: () => import('highlight.js/lib/languages/php'),
  python: () => import('highlight.js/lib/languages/python'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scss: () => import('highlight.js/lib/languages/scss'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const ALIASES: Readonly<Record<string, string>> = {
  'c++': 'cpp',
  cjs: 'javascript',
  cs: 'csharp',
  docker: 'dockerfile',
  html: 'xml',
  js: 'javascript',
  jsonc: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  md: 'markdown',
  mjs: 'javascript',
  mts: 'typescript',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  shell: 'bash',
  svg: 'xml',
  toml: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  yml: 'yaml',
  zsh: 'bash',
};

/** Longer ones stay plain: colouring them would hold up the page. */
const MOST_UNITS = 50_000;

/** The language that a word or the end of a file's name stands for; `null`: it is not known. */
export function languageOf(word: string): string | null {
  const name = word.toLowerCase();
  const language = ALIASES[name] ?? name;
  return language in LANGUAGES ? language : null;
}

/** Colours the code blocks in an element. */
export async function highlightIn(element: HTMLElement): Promise<void> {
  for (const code of element.querySelectorAll<HTMLElement>('pre > code[class*="language-"]')) {
    const word = /language-([\w+#-]+)/.exec(code.className)?.[1] ?? '';
    await highlight(code, languageOf(word));
  }
}

async function highlight(code: HTMLElement, language: string | null): Promise<void> {
  const load = language === null ? undefined : LANGUAGES[language];
  const text = code.textContent ?? '';
  if (language === null || load === undefined || text.length > MOST_UNITS) return;
  if (hljs.getLanguage(language) === undefined) hljs.registerLanguage(language, (await load()).default);
  // it may have been drawn anew meanwhile
  if (!code.isConnected) return;
  code.replaceChildren(safeNodes(hljs.highlight(text, { language, ignoreIllegals: true }).value));
}
