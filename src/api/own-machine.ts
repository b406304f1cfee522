import type { IncomingHttpHeaders } from 'node:http'
import { SluiceError } from '../domain/errors.ts'
import { isLoopback } from './binding.ts'

/**
 * Without tokens this server trusts the machine it runs on, and a browser on it shows pages from everywhere. A page can
 * point its own name at this machine (DNS rebinding), whose requests still carry that name as their host; and it can send
 * requests here without reading the answers, which carry its origin. Both are refused, for looks as well.
 * @throws SluiceError `request.unauthenticated`
 */
export function refuseForeigners({ host = '', origin, 'sec-fetch-site': site }: IncomingHttpHeaders): void {
  if (!isLoopback(nameIn(host))) {
    throw new SluiceError('request.unauthenticated', {
      message: 'without tokens, only requests to localhost are accepted',
      expected: 'a Host header such as 127.0.0.1 or localhost',
      fix: 'use the loopback address, or give people tokens in sluice.yaml',
    })
  }
  const isForeign = (origin !== undefined && hostIn(origin) !== hostIn(`http://${host}`)) || site === 'cross-site'
  if (!isForeign) return
  throw new SluiceError('request.unauthenticated', {
    message: 'without tokens, requests from other web pages are not accepted',
    expected: 'no Origin header, or the one of this server',
    fix: 'use the CLI, or give people tokens in sluice.yaml',
  })
}

/** `127.0.0.1` of `127.0.0.1:8230`, `::1` of `[::1]:8230`. */
function nameIn(host: string): string {
  return host.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1')
}

function hostIn(address: string): string | null {
  return URL.canParse(address) ? new URL(address).host : null
}
