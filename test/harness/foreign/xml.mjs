// As much XML as stanzas need: elements, attributes, text. Namespaces are attributes like others.

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescape = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
    hex || decimal ? String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)) : (entities[name] ?? whole),
  );

export const escape = (text) =>
  text.replace(/[&<>"']/g, (sign) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }[sign]};`);

/** Calls `onHeader` with the attributes of the stream, then `onStanza` with each of its children. */
export function createReader({ onHeader, onStanza }) {
  let rest = '';
  const open = [];
  const take = (token) => {
    if (token.startsWith('<?') || token.startsWith('<!')) return;
    if (!token.startsWith('<')) {
      open.at(-1)?.children.push(unescape(token));
      return;
    }
    if (token.startsWith('</')) {
      const ended = open.pop();
      if (open.length === 1) onStanza(ended);
      return;
    }
    const [, name] = /^<([^\s/>]+)/.exec(token);
    const attrs = {};
    for (const [, key, double, single] of token.matchAll(/([^\s=<]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
      attrs[key] = unescape(double ?? single);
    const element = { name, attrs, children: [] };
    open.at(-1)?.children.push(element);
    if (open.length === 0) onHeader(attrs);
    if (!token.endsWith('/>')) open.push(element);
    else if (open.length === 1) onStanza(element);
  };
  return (chunk) => {
    rest += chunk;
    for (let match; (match = /^(?:<[^>]*>|[^<]+(?=<))/.exec(rest)); rest = rest.slice(match[0].length)) take(match[0]);
  };
}

export const child = (element, name) =>
  element?.children.find((each) => typeof each !== 'string' && each.name === name);
export const textOf = (element) => element && element.children.filter((each) => typeof each === 'string').join('');

/** Values of a data form by the names of its fields. */
export function readForm(form) {
  const fields = (form?.children ?? []).filter(({ name }) => name === 'field');
  return Object.fromEntries(fields.map((field) => [field.attrs.var, textOf(child(field, 'value'))]));
}
