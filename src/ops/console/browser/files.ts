// The files of the console. They hold nothing, so that they need no token.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { consolePage } from './page.ts';
import { consoleScript } from './script.ts';
import { consoleStyle } from './style.ts';

/** A file that a browser loads from the ops listener. */
export interface ConsoleFile {
  readonly url: string;
  readonly type: string;
  /** @throws when the package that holds it is not installed */
  readonly read: () => string;
}

const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

/** Page, program and look, and the library that draws the charts: github.com/leeoniya/uPlot. */
export const consoleFiles: readonly ConsoleFile[] = [
  { url: '/', type: html, read: () => consolePage },
  { url: '/console.js', type: script, read: () => consoleScript },
  { url: '/console.css', type: style, read: () => consoleStyle },
  { url: '/uplot.js', type: script, read: readOnce('uplot/dist/uPlot.iife.min.js') },
  { url: '/uplot.css', type: style, read: readOnce('uplot/dist/uPlot.min.css') },
];

/** Reads a file of a package at the first request: the server starts without it as well. */
function readOnce(name: string): () => string {
  let text: string | undefined;
  return () => (text ??= readFileSync(createRequire(import.meta.url).resolve(name), 'utf8'));
}
