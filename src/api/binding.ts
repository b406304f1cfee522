import { BlockList, isIP } from 'node:net'
import type { Installation } from '../config/installation.ts'
import { SluiceError } from '../domain/errors.ts'

/**
 * Refuses to listen where strangers could reach a server that asks nobody for a token.
 * @throws SluiceError `config.invalid`
 */
export function assertSafeBinding(host: string, { people }: Pick<Installation, 'people'>): void {
  if (isLoopback(host) || people.some(({ tokenSha256 }) => tokenSha256 !== undefined)) return
  throw new SluiceError('config.invalid', {
    message: 'nobody in sluice.yaml has a token, so the API must not be reachable from other machines',
    expected: 'a loopback address such as 127.0.0.1',
    received: host,
    fix: 'give people a tokenSha256 in sluice.yaml, or set SLUICE_HOST=127.0.0.1',
  })
}

/** True for 127.0.0.0/8, ::1 and localhost; any other name could resolve to anything. */
export function isLoopback(host: string): boolean {
  const version = isIP(host)
  return version === 0 ? host.toLowerCase() === 'localhost' : LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')
