import { isCollection, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { ConfigError, formatPath, type ConfigProblem, type Locate, type Path } from './kinds/problems.ts';

/** How often aliases may be followed, so that a few lines cannot grow into gigabytes. */
const MAX_ALIASES = 100;

/**
 * Parses YAML 1.2 and keeps the position of everything.
 * @throws ConfigError listing every syntax error
 */
export function readYaml(text: string, source: string): { value: unknown; locate: Locate } {
  const lines = new LineCounter();
  // Pretty errors quote the text around, which may be a secret.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: '', line, column: col, message: `not valid YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}` };
  });
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value !== '__proto__') return;
      const { line, col } = lines.linePos((isNode(pair.key) && pair.key.range?.[0]) || 0);
      problems.push({ path: '', line, column: col, message: 'this cannot be a key' });
    },
  });
  if (problems.length > 0) throw new ConfigError(source, problems);

  const offsetOf = (path: Path, part: 'key' | 'value'): number => {
    if (path.length === 0) return document.contents?.range[0] ?? 0;
    const parent = document.getIn(path.slice(0, -1), true);
    const node: unknown = isCollection(parent) && parent.get(path.at(-1), true);
    // What is wrong with a whole map is best shown at its name.
    if (isMap(parent) && (part === 'key' || isCollection(node))) {
      const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    return isNode(node) && node.range ? node.range[0] : offsetOf(path.slice(0, -1), 'key');
  };
  const locate: Locate = (path, part) => {
    const { line, col } = lines.linePos(offsetOf(path, part));
    return { line, column: col };
  };
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), locate };
  } catch {
    throw new ConfigError(source, [{ path: formatPath([]), message: 'aliases (*name) are nested too deeply' }]);
  }
}
