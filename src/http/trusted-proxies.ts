// Proxies that the operator trusts to name their clients (X-Forwarded-For).
import { BlockList, isIP } from 'node:net';

/** Whether an IP address belongs to a proxy named in the config. */
export type IsTrustedProxy = (address: string) => boolean;

/** Names of networks allowed in `http.public.trustProxy`. */
const networks: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * @param names IP addresses, networks such as 10.0.0.0/8, or loopback, linklocal, uniquelocal; none: nobody is trusted
 */
export function createTrustedProxies(names: readonly string[]): IsTrustedProxy {
  const trusted = new BlockList();
  for (const network of names.flatMap((name) => networks[name] ?? [name])) {
    const [address = '', prefix] = network.split('/');
    if (prefix === undefined) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, Number(prefix), familyOf(address));
  }
  return (address) => isIP(address) !== 0 && trusted.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
