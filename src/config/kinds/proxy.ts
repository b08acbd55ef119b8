import { z } from 'zod';
import type { ProxySettings } from '../../core/app.ts';
import { createSecret } from '../../core/secret.ts';
import { withHint } from './problems.ts';
import type { Sources, ValueKinds } from './values.ts';

const FORM = 'http://USER:PASSWORD@HOST:PORT';

/**
 * `proxy:` of an app. Without it, `HTTPS_PROXY` and `NO_PROXY` of the environment apply; their lower-case names take
 * precedence. `none`: no proxy, whatever the environment says.
 */
export function proxySetting(values: ValueKinds, { env }: Sources) {
  return values
    .secret(`the URL of an HTTP proxy, ${FORM}, or none`, (text) => text.includes('@'))
    .optional()
    .transform((given, context): ProxySettings | undefined => {
      const text = given?.reveal() ?? env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '';
      if (text === '' || (given && text === 'none')) return undefined;
      if (isProxyUrl(text)) {
        const except = given ? [] : (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[\s,]+/).filter(Boolean);
        return { url: createSecret(text), except };
      }
      const what = given ? 'is' : 'is taken from HTTPS_PROXY, which is';
      context.addIssue(withHint(`${what} not the URL of an HTTP proxy`, `Expected ${FORM}.`));
      return z.NEVER;
    })
    .meta({
      allowed: `\`${FORM}\`, \`none\``,
      absent: 'what `HTTPS_PROXY` says',
      description:
        'HTTP proxy on the way to the provider. Hosts that `NO_PROXY` names go without a proxy of the environment; `none`: no proxy, whatever the environment says.',
    });
}

function isProxyUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '' || url.port === '0') return false;
  if (`${url.pathname}${url.search}${url.hash}` !== '/') return false;
  try {
    decodeURIComponent(`${url.username}${url.password}`);
    return true;
  } catch {
    return false;
  }
}
