import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '../../domain/units.ts'
import { SluiceError } from '../../domain/errors.ts'
import { compareFences } from '../../domain/exposure.ts'
import type { DesiredRouting, Permit } from '../router.ts'
import { fencedError } from '../../domain/fenced-error.ts'
import { describeAddress, refused, runCommands, unreachable, type RuntimeAddress } from './runtime-api.ts'
import { entriesOf, holdsExactly, type MapEntry, parseMapLines, readSplitMap, type SplitMap } from './split-map.ts'

/** One HAProxy of the fleet and what it has to know. */
export interface NodeSettings {
  readonly address: RuntimeAddress
  readonly map: string
  readonly pools: readonly [string, string]
}

/** What one HAProxy says. */
export interface NodeState {
  readonly address: RuntimeAddress
  readonly map: SplitMap
  /** Worker process and its start, such as `4711@1790000000`. */
  readonly incarnation: string
  /** Requests per pool since the worker's start. */
  readonly served: Readonly<Record<string, number>>
}

/** HAProxy reads a command line into a buffer of 16 kB by default. */
const LONGEST_LINE = 8_000

/** How long a writer waits for the one before it. A write takes a few milliseconds. */
const LONGEST_TURN: Milliseconds = 100
const BETWEEN_LOOKS: Milliseconds = 2

/** Reads one node in one connection, so that all of it comes from one worker. */
export async function readNode(node: NodeSettings, deadline: Milliseconds, signal: AbortSignal): Promise<NodeState> {
  return stateOf(node, await runCommands(node.address, readCommands(node), deadline, signal))
}

/**
 * Writes the wish to one node in one commit and reads it back; `remaining` is the time that is left for all of it.
 *
 * Throws `router.fenced` when the node has taken a newer fence, `router.not-applied` when it shows something else.
 */
export async function writeNode(
  node: NodeSettings,
  wish: DesiredRouting,
  remaining: () => Milliseconds,
  signal: AbortSignal,
  permit: Permit,
): Promise<void> {
  const line: Line = {
    ask: (commands) => runCommands(node.address, commands, remaining(), signal),
    change: (commands) => runCommands(node.address, commands, remaining(), signal, permit),
  }
  const entries = entriesOf(wish, node.pools)
  let complaint = 'nothing within the deadline'
  while (remaining() > 0) {
    const turn = await takeTurn(node, line, remaining, signal)
    const before = readSplitMap(parseMapLines(turn.lines), node.pools).fence
    if (before !== null && compareFences(before, wish.fence) > 0) {
      if (turn.isExclusive) await commit(node, turn.version, [...parseMapLines(turn.lines)], line)
      throw fencedError(wish.fence, before)
    }
    const refusal = await commit(node, turn.version, entries, line)
    const { map } = await readNode(node, remaining(), signal)
    if (isTaken(map, wish, node.pools)) return
    if (map.fence !== null && compareFences(map.fence, wish.fence) > 0) throw fencedError(wish.fence, map.fence)
    complaint = refusal ?? JSON.stringify(map)
  }
  throw new SluiceError('router.not-applied', {
    message: `HAProxy at ${describeAddress(node.address)} does not show the change that it was given.`,
    expected: entries.map(([key, value]) => `${key} ${value}`).join(', '),
    received: complaint,
    fix: 'Apply it again; if it happens again, another program writes to this map.',
  })
}

/** True when the map says what the wish says, the fence included. */
function isTaken(map: SplitMap, wish: DesiredRouting, pools: readonly [string, string]): boolean {
  const wanted = readSplitMap(new Map(entriesOf(wish, pools)), pools)
  const isSameFence = map.fence !== null && compareFences(map.fence, wish.fence) === 0
  return isSameFence && map.isSealed && map.share === wanted.share && sameRecord(map.pins, wanted.pins)
}

/** Ways to the runtime API of one node, within the time and the permit of one write. */
interface Line {
  readonly ask: SendCommands
  readonly change: SendCommands
}

type SendCommands = (commands: readonly string[]) => Promise<readonly (readonly string[])[]>

interface Turn {
  readonly version: number
  /** The entries as they are now, as lines of `show map`. */
  readonly lines: readonly string[]
  /** False when an earlier writer did not end in time and may still be at work. */
  readonly isExclusive: boolean
}

/**
 * Versions of a map are the tickets of its writers: each waits until the one before has committed, so that the fence it
 * reads is the newest. HAProxy refuses to commit a version below the current one, so a writer that others have stopped
 * waiting for, or whose command lands late, changes nothing.
 */
async function takeTurn(
  node: NodeSettings,
  line: Line,
  remaining: () => Milliseconds,
  signal: AbortSignal,
): Promise<Turn> {
  const [prepared = []] = await line.change([`prepare map ${node.map}`])
  const version = Number(/^New version created: (\d+)$/.exec(prepared[0] ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(version)) throw refused(node.address, prepared[0] ?? 'an empty reply to `prepare map`')
  const patience = Math.min(LONGEST_TURN, remaining() / 2)
  const givesUpAt = performance.now() + patience
  while (true) {
    const [maps = [], lines = []] = await line.ask(['show map', `show map ${node.map}`])
    const { current, next } = versionsOf(node, maps)
    if (current >= version || next < version) return takeTurn(node, line, remaining, signal)
    const isExclusive = current === version - 1
    if (isExclusive || performance.now() >= givesUpAt) return { version, lines, isExclusive }
    await delay(BETWEEN_LOOKS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Commits exactly these entries; returns what HAProxy said against it, or null. */
async function commit(
  node: NodeSettings,
  version: number,
  entries: readonly MapEntry[],
  line: Line,
): Promise<string | null> {
  const adds = entries.map(([key, value]) => `add map @${version} ${node.map} ${key} ${value}`)
  for (const commands of chunk(adds)) {
    const complaint = (await line.change(commands)).find((reply) => reply.length > 0)
    if (complaint !== undefined) return complaint.join(' ')
  }
  const [lines = []] = await line.ask([`show map @${version} ${node.map}`])
  if (!holdsExactly(parseMapLines(lines), entries)) return `prepared entries: ${lines.join(', ')}`
  const [reply = []] = await line.change([`commit map @${version} ${node.map}`])
  return reply.length === 0 ? null : reply.join(' ')
}

function versionsOf(node: NodeSettings, maps: readonly string[]): { readonly current: number; readonly next: number } {
  const line = maps.find((candidate) => candidate.includes(`(${node.map})`)) ?? ''
  const match = /curr_ver=(\d+) next_ver=(\d+)/.exec(line)
  if (match === null) throw lacks(node, `the map ${node.map}`, maps[0] ?? 'no list of maps')
  return { current: Number(match[1]), next: Number(match[2]) }
}

function chunk(commands: readonly string[]): string[][] {
  const chunks: string[][] = []
  let room = 0
  for (const command of commands) {
    if (command.length + 1 > room) {
      chunks.push([])
      room = LONGEST_LINE
    }
    chunks.at(-1)?.push(command)
    room -= command.length + 1
  }
  return chunks
}

function readCommands(node: NodeSettings): string[] {
  return ['show info', `show map ${node.map}`, ...node.pools.map((pool) => `show stat ${pool} 2 -1`)]
}

function stateOf(node: NodeSettings, replies: readonly (readonly string[])[]): NodeState {
  const [info = [], map = [], ...stats] = replies
  if (map[0]?.startsWith('Unknown map')) throw lacks(node, `the map ${node.map}`, map[0])
  if (map[0]?.startsWith('Permission denied')) throw refused(node.address, map[0])
  const served = node.pools.map((pool, index) => [pool, requestsOf(node, pool, stats[index] ?? [])] as const)
  return {
    address: node.address,
    map: readSplitMap(parseMapLines(map), node.pools),
    incarnation: incarnationOf(node, info),
    served: Object.fromEntries(served),
  }
}

function incarnationOf(node: NodeSettings, info: readonly string[]): string {
  const fields = new Map(
    info.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const pid = fields.get('Pid')
  if (pid === undefined) throw refused(node.address, info[0] ?? 'an empty reply to `show info`')
  if (fields.get('Stopping') === '1') throw unreachable(node.address, `the answer of worker ${pid}, which is stopping`)
  return `${pid}@${fields.get('Start_time_sec') ?? '0'}`
}

function requestsOf(node: NodeSettings, pool: string, csv: readonly string[]): number {
  const [header = '', row] = csv
  if (!header.startsWith('# ')) throw lacks(node, `the backend ${pool}`, header)
  const column = header.slice(2).split(',').indexOf('req_tot')
  const count = row?.split(',')[column] ?? ''
  if (!/^\d+$/.test(count)) throw lacks(node, `an HTTP backend ${pool} that counts requests`, row ?? 'no row for it')
  return Number(count)
}

function lacks(node: NodeSettings, what: string, received: string): SluiceError {
  return new SluiceError('router.misconfigured', {
    message: `HAProxy at ${describeAddress(node.address)} lacks ${what}.`,
    expected: `${what} in haproxy.cfg`,
    received,
    fix: 'Compare haproxy.cfg and the target in sluice.yaml with docs/routers/haproxy.md.',
  })
}

function sameRecord(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key])
}
