import { SluiceError } from '../../domain/errors.ts'
import type { PoolHealth } from '../../domain/release/pool-health.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { describeAddress, type RuntimeAddress, refused, runCommands, unreachable } from './runtime-api.ts'
import {
  describeShare,
  type MapEntry,
  parseMapLines,
  readSplitMap,
  type SplitMap,
  shareKey,
  type UsableMap,
} from './split-map.ts'

/** One HAProxy of the fleet and what it has to know. */
export interface NodeSettings {
  readonly address: RuntimeAddress
  readonly map: string
  readonly pools: readonly [string, string]
}

/** The map of one node: its entries as they stand, and what they mean. */
export interface NodeMap {
  readonly entries: readonly MapEntry[]
  readonly map: SplitMap
}

/** What one HAProxy says. */
export interface NodeState {
  readonly address: RuntimeAddress
  readonly map: UsableMap
  /** Worker process and its start, such as `4711@1790000000`. */
  readonly incarnation: string
  /** Requests per pool since the worker's start. */
  readonly served: Readonly<Record<string, number>>
}

/** Reads one node in one connection, so that all of it comes from one worker. */
export async function readNode(node: NodeSettings, deadline: Milliseconds, signal: AbortSignal): Promise<NodeState> {
  const commands = ['show info', `show map ${node.map}`, ...node.pools.map((pool) => `show stat ${pool} 2 -1`)]
  const [info = [], lines = [], ...stats] = await runCommands(node.address, commands, deadline, signal)
  const incarnation = incarnationOf(node, info)
  const { entries, map } = mapOf(node, lines)
  if (map.share === null) throw lacksShare(node, entries)
  const served = node.pools.map((pool, index) => [pool, requestsOf(node, pool, stats[index] ?? [])] as const)
  return { address: node.address, map: { ...map, share: map.share }, incarnation, served: Object.fromEntries(served) }
}

/**
 * Reads the map alone, as one who is about to write does: neither its share nor the backends have to be in order. A worker
 * that is on its way out is `router.unreachable`: what it shows is in force for nobody.
 */
export async function readNodeMap(node: NodeSettings, deadline: Milliseconds, signal: AbortSignal): Promise<NodeMap> {
  const commands = ['show info', `show map ${node.map}`]
  const [info = [], lines = []] = await runCommands(node.address, commands, deadline, signal)
  incarnationOf(node, info)
  return mapOf(node, lines)
}

/** What the lines of `show map` mean. Throws when they are none, or when there is no such map. */
export function mapOf(node: NodeSettings, lines: readonly string[]): NodeMap {
  if (lines[0]?.startsWith('Unknown map')) throw lacks(node, `the map ${node.map}`, lines[0])
  const parsed = parseMapLines(lines)
  if (!parsed.ok) throw refused(node.address, parsed.line)
  return { entries: parsed.entries, map: readSplitMap(parsed.entries, node.pools) }
}

/** The error of a node that has not what the target names. */
export function lacks(node: NodeSettings, what: string, received: string): SluiceError {
  return new SluiceError('router.misconfigured', {
    message: `HAProxy at ${describeAddress(node.address)} lacks ${what}`,
    expected: `${what} in haproxy.cfg`,
    received,
    fix: 'compare haproxy.cfg and the target in sluice.yaml with docs/routers/haproxy.md',
  })
}

function lacksShare(node: NodeSettings, entries: readonly MapEntry[]): SluiceError {
  const key = shareKey(node.pools)
  return new SluiceError('router.misconfigured', {
    message: `the map of HAProxy at ${describeAddress(node.address)} has no usable share`,
    expected: `the key ${key} with a whole number from 0 to 10000`,
    received: describeShare(entries, node.pools),
    fix: `put the line \`${key} 0\` into the map file and reload HAProxy; a write of Sluice repairs it as well`,
  })
}

/**
 * How many servers of each pool this HAProxy would send requests to now. `UP`, also while its first checks fail, counts; `DOWN`,
 * `MAINT`, `DRAIN` and `NOLB` do not. A server that is not checked says nothing: `router.misconfigured`.
 */
export async function readNodeHealth(
  node: NodeSettings,
  deadline: Milliseconds,
  signal: AbortSignal,
): Promise<Readonly<Record<string, PoolHealth>>> {
  const commands = ['show info', ...node.pools.map((pool) => `show stat ${pool} 4 -1`)]
  const [info = [], ...stats] = await runCommands(node.address, commands, deadline, signal)
  incarnationOf(node, info)
  return Object.fromEntries(node.pools.map((pool, index) => [pool, healthOf(node, pool, stats[index] ?? [])]))
}

function healthOf(node: NodeSettings, pool: string, csv: readonly string[]): PoolHealth {
  const [header = '', ...rows] = csv
  if (!header.startsWith('# ')) throw lacks(node, `the backend ${pool}`, header)
  const names = header.slice(2).split(',')
  const [status, server] = [names.indexOf('status'), names.indexOf('svname')]
  const servers = rows.map((row) => row.split(',')).filter((cells) => cells.length > 1)
  const blind = servers.find((cells) => cells[status] === 'no check')
  if (blind !== undefined)
    throw lacks(
      node,
      `a health check of the server ${blind[server] ?? ''} in the backend ${pool} (the word check)`,
      'no check',
    )
  return { ready: servers.filter((cells) => /^UP\b/.test(cells[status] ?? '')).length, total: servers.length }
}

function incarnationOf(node: NodeSettings, info: readonly string[]): string {
  const fields = new Map(
    info.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const pid = fields.get('Pid')
  const isHaproxy = /^ha/i.test(fields.get('Name') ?? '') && pid !== undefined
  if (!isHaproxy) throw refused(node.address, info[0] ?? 'an empty reply to `show info`')
  if (fields.get('Stopping') === '1') throw unreachable(node.address, `the answer of worker ${pid}, which is stopping`)
  return `${pid}@${fields.get('Start_time_sec') ?? '0'}`
}

function requestsOf(node: NodeSettings, pool: string, csv: readonly string[]): number {
  const [header = '', row] = csv
  if (!header.startsWith('# ')) throw lacks(node, `the backend ${pool}`, header)
  // `req_tot` counts a request when it has ended, `stot` when it is handed to the pool: one that hangs counts as well.
  const column = header.slice(2).split(',').indexOf('stot')
  const count = row?.split(',')[column] ?? ''
  if (!/^\d{1,15}$/.test(count))
    throw lacks(node, `an HTTP backend ${pool} that counts requests`, row ?? 'no row for it')
  return Number(count)
}
