import { connect } from 'node:net'
import type { PoolHealth } from '../../domain/release/pool-health.ts'
import type { Milliseconds } from '../../domain/units.ts'

/** How long a service may take to accept a connection. */
const PATIENCE: Milliseconds = 1_000

/** How many services of each pool accept a connection now: each pool has one. */
export async function reachOf(
  upstreams: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, PoolHealth>>> {
  const pools = await Promise.all(
    Object.entries(upstreams).map(async ([pool, url]) => [pool, { ready: await reach(url), total: 1 }] as const),
  )
  return Object.fromEntries(pools)
}

function reach(address: string): Promise<0 | 1> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port === '' ? 80 : port), timeout: PATIENCE })
    const settle = (ready: 0 | 1) => {
      socket.destroy()
      resolve(ready)
    }
    socket.once('connect', () => settle(1))
    socket.once('timeout', () => settle(0))
    socket.once('error', () => settle(0))
  })
}
