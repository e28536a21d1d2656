import { parseAst } from 'vitest/node';

/** What the import rules need to know of a module's text. */
export interface ModuleSyntax {
  /** Every specifier, however it is imported: static, type-only, re-exported, dynamic, `import('…')` in a type. */
  readonly specifiers: readonly string[];
  /** A dynamic import whose specifier is computed: nobody can tell where it leads. */
  readonly hasComputedImport: boolean;
  /** Names used as values (declarations included, property keys and types not), and member paths such as `Math.random`. */
  readonly values: ReadonlySet<string>;
  /** The module has exports, and every one of them is another module's. */
  readonly isBarrel: boolean;
}

type Node = { readonly type: string } & Readonly<Record<string, unknown>>;
type Draft = { specifiers: string[]; hasComputedImport: boolean; values: Set<string> };

const TYPE_NODES_WITH_VALUES = new Set([
  'TSAsExpression',
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSExportAssignment',
  'TSExternalModuleReference',
  'TSImportEqualsDeclaration',
  'TSInstantiationExpression',
  'TSModuleBlock',
  'TSModuleDeclaration',
  'TSNonNullExpression',
  'TSParameterProperty',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
]);
const KEYED_NODES = new Set(['Property', 'PropertyDefinition', 'AccessorProperty', 'MethodDefinition']);

export function readModuleSyntax(path: string, text: string): ModuleSyntax {
  const program = parseAst(text, { lang: languageOf(path) }) as unknown as Node;
  const draft: Draft = { specifiers: [], hasComputedImport: false, values: new Set() };
  visit(program, draft, false);
  return { ...draft, isBarrel: isBarrel(program['body'] as readonly Node[]) };
}

function languageOf(path: string): 'tsx' | 'ts' | 'jsx' | 'js' {
  if (path.endsWith('x')) return path.endsWith('.tsx') ? 'tsx' : 'jsx';
  return path.endsWith('ts') ? 'ts' : 'js';
}

function visit(node: Node, draft: Draft, isInType: boolean): void {
  readSpecifier(node, draft);
  const isType = isInType || (node.type.startsWith('TS') && !TYPE_NODES_WITH_VALUES.has(node.type));
  if (!isType) readValue(node, draft);
  for (const [key, child] of Object.entries(node)) {
    if (isNameOnly(node, key)) continue;
    for (const each of Array.isArray(child) ? child : [child]) {
      if (isNode(each)) visit(each, draft, isType);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string';
}

/** `a.name`, `{ name: 1 }` and `name() {}` in a class use no value called `name`. */
function isNameOnly(node: Node, key: string): boolean {
  if (node['computed'] === true) return false;
  if (node.type === 'MemberExpression') return key === 'property';
  return key === 'key' && KEYED_NODES.has(node.type);
}

function readSpecifier(node: Node, draft: Draft): void {
  const source = node.type === 'TSExternalModuleReference' ? node['expression'] : node['source'];
  if (!isNode(source)) return;
  const specifier = constantText(source);
  if (specifier === undefined) draft.hasComputedImport = true;
  else draft.specifiers.push(specifier);
}

function readValue(node: Node, draft: Draft): void {
  if (node.type === 'Identifier') draft.values.add(node['name'] as string);
  if (node.type !== 'MemberExpression') return;
  const [object, property] = [node['object'] as Node, node['property'] as Node];
  const name = node['computed'] === true ? constantText(property) : property['name'];
  if (object.type === 'Identifier') draft.values.add(`${String(object['name'])}.${String(name)}`);
}

function constantText(node: Node): string | undefined {
  if (node.type === 'Literal') return String(node['value']);
  if (node.type !== 'TemplateLiteral') return undefined;
  const [first, ...others] = node['quasis'] as { value: { cooked: string } }[];
  return others.length === 0 ? first?.value.cooked : undefined;
}

function isBarrel(statements: readonly Node[]): boolean {
  const exported = statements.filter((each) => each.type !== 'ImportDeclaration');
  const imported = new Set(statements.flatMap(localNames));
  return exported.length > 0 && exported.every((each) => isReExport(each, imported));
}

function localNames(statement: Node): string[] {
  if (statement.type !== 'ImportDeclaration') return [];
  return (statement['specifiers'] as Node[]).map((each) => (each['local'] as Node)['name'] as string);
}

function isReExport(statement: Node, imported: ReadonlySet<string>): boolean {
  if (statement.type === 'ExportAllDeclaration') return true;
  if (statement.type !== 'ExportNamedDeclaration') return false;
  if (statement['source'] !== null) return true;
  const specifiers = statement['specifiers'] as Node[];
  const isImported = (each: Node): boolean => imported.has(String((each['local'] as Node)['name']));
  return statement['declaration'] === null && specifiers.length > 0 && specifiers.every(isImported);
}
