/** Links, anchors and paths of Markdown pages, so far as the pages of this repository use them. */

/** The text without blocks of code. */
export function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```/gm, '');
}

/** Targets of links and pictures. */
export function linksIn(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors that GitHub makes of the headings: small letters, without punctuation, a hyphen for each space. */
export function anchorsIn(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const earlier = seen.get(anchor) ?? 0;
    seen.set(anchor, earlier + 1);
    return earlier === 0 ? anchor : `${anchor}-${earlier}`;
  });
}

/** Folders whose paths are named in prose from the root of the repository. */
const folders = /^(?:src|test|docs|bin|vectors|certs|deploy)\//;

/** Paths of this repository that stand in code spans. */
export function pathsIn(text: string): string[] {
  const spans = [...withoutCode(text).matchAll(/`([^`\n]+)`/g)].flatMap(([, span = '']) => span.split(/\s+/));
  return spans.filter((word) => folders.test(word) && !/[*{}…<>]/.test(word));
}
