import { setTimeout as delay } from 'node:timers/promises'
import { SluiceError } from '../../domain/errors.ts'
import { compareFences, type Fence } from '../../domain/exposure.ts'
import { fencedError } from '../../domain/fenced-error.ts'
import type { Milliseconds } from '../../domain/units.ts'
import type { DesiredRouting, Permit } from '../router.ts'
import { lacks, mapOf, type NodeSettings, readNodeMap } from './node.ts'
import { describeAddress, refused, runCommands, unreachable } from './runtime-api.ts'
import { holdsExactly, isInForce, type MapEntry, parseMapLines } from './split-map.ts'

/** What a write may use: the time that is left for all of it, its end by the caller, and the caller's right to write. */
interface WriteBounds {
  readonly remaining: () => Milliseconds
  readonly signal: AbortSignal
  readonly permit: Permit
}

/** HAProxy reads a command line into a buffer of 16 kB by default. */
const LONGEST_LINE = 8_000

/** How long a writer waits for the one before it. A write takes a few milliseconds. */
const LONGEST_TURN: Milliseconds = 100
const BETWEEN_LOOKS: Milliseconds = 2
/** Before each try: a reload, or another hand, may be in the way for a moment. */
const RESTS: readonly Milliseconds[] = [0, 5, 10, 20, 40, 80, 160]

/**
 * Writes the wish to one node, as these entries, in one commit and reads it back. Of what the node shows only the fence of its map matters:
 * the way back must not depend on a healthy state.
 *
 * Throws `router.fenced` when the node has taken a newer fence, `router.not-applied` when it shows something else, and
 * what the permit throws.
 */
export async function writeNode(
  node: NodeSettings,
  wish: DesiredRouting,
  wanted: readonly MapEntry[],
  bounds: WriteBounds,
): Promise<void> {
  const line = lineTo(node, bounds)
  let shown = ''
  for (const rest of RESTS) {
    await pause(rest, bounds.signal)
    const turn = await takeTurn(node, line, bounds)
    if (turn === null) {
      shown = 'versions of the map that begin anew'
      continue
    }
    const before = mapOf(node, turn.lines)
    if (isNewer(before.map.fence, wish)) {
      await giveBack(node, turn, before.entries, line)
      throw fencedError(wish.fence, before.map.fence)
    }
    const refusal = await commit(node, turn.version, wanted, line)
    const after = await readNodeMap(node, bounds.remaining(), bounds.signal)
    if (isInForce(after.entries, wanted)) return
    if (isNewer(after.map.fence, wish)) throw fencedError(wish.fence, after.map.fence)
    shown = [refusal ?? 'OK to every command', `the map holds ${textOf(after.entries)}`].join('; ')
  }
  throw new SluiceError('router.not-applied', {
    message: `HAProxy at ${describeAddress(node.address)} does not show the change that it acknowledged`,
    expected: textOf(wanted),
    received: shown,
    fix: 'find out what else writes to this map, and stop it',
  })
}

/** Ways to the runtime API of one node, within the bounds of one write. */
interface Line {
  readonly ask: SendCommands
  readonly change: SendCommands
}

type SendCommands = (commands: readonly string[]) => Promise<readonly (readonly string[])[]>

function lineTo({ address }: NodeSettings, { remaining, signal, permit }: WriteBounds): Line {
  const send = (commands: readonly string[], check: Permit) => {
    if (remaining() > 0) return runCommands(address, commands, remaining(), signal, check)
    throw unreachable(address, 'no end of the change within the deadline')
  }
  return {
    ask: async (commands) => send(commands, () => undefined),
    change: async (commands) => send(commands, permit),
  }
}

async function pause(time: Milliseconds, signal: AbortSignal): Promise<void> {
  if (time > 0) await delay(time, undefined, { signal }).catch(() => signal.throwIfAborted())
}

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
 * waiting for, or whose command lands late, changes nothing. Answers null when HAProxy was restarted or reloaded in between
 * and counts anew.
 */
async function takeTurn(node: NodeSettings, line: Line, bounds: WriteBounds): Promise<Turn | null> {
  const [prepared = []] = await line.change([`prepare map ${node.map}`])
  if (prepared[0]?.startsWith('Unknown map')) throw lacks(node, `the map ${node.map}`, prepared[0])
  const version = Number(/^New version created: (\d{1,15})$/.exec(prepared[0] ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(version)) throw refused(node.address, prepared[0] ?? 'an empty reply to `prepare map`')
  const patience = Math.min(LONGEST_TURN, bounds.remaining() / 2)
  const givesUpAt = performance.now() + patience
  while (true) {
    const [maps = [], lines = []] = await line.ask(['show map', `show map ${node.map}`])
    const { current, next } = versionsOf(node, maps)
    if (current >= version || next < version) return null
    const isExclusive = current === version - 1
    if (isExclusive || performance.now() >= givesUpAt) return { version, lines, isExclusive }
    await pause(BETWEEN_LOOKS, bounds.signal)
  }
}

/**
 * A writer that has found itself too old commits what stands there, so that the next one need not take it for dead. Not
 * where another hand has left words that could be commands.
 */
async function giveBack(node: NodeSettings, turn: Turn, entries: readonly MapEntry[], line: Line): Promise<void> {
  const isClean = entries.flat().every((word) => /^[\w.:/@+=|~-]{1,300}$/.test(word))
  if (turn.isExclusive && isClean) await commit(node, turn.version, entries, line)
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
  const prepared = parseMapLines(lines)
  if (!prepared.ok || !holdsExactly(prepared.entries, entries)) return `prepared entries: ${lines.join(', ')}`
  const [reply = []] = await line.change([`commit map @${version} ${node.map}`])
  return reply.length === 0 ? null : reply.join(' ')
}

function versionsOf(node: NodeSettings, maps: readonly string[]): { readonly current: number; readonly next: number } {
  const line = maps.find((candidate) => candidate.includes(`(${node.map})`)) ?? ''
  const match = /curr_ver=(\d{1,15}) next_ver=(\d{1,15})/.exec(line)
  if (match === null) throw lacks(node, `the map ${node.map}`, maps[0] ?? 'no list of maps')
  return { current: Number(match[1]), next: Number(match[2]) }
}

function isNewer(found: Fence | null, { fence }: DesiredRouting): found is Fence {
  return found !== null && compareFences(found, fence) > 0
}

function textOf(entries: readonly MapEntry[]): string {
  const text = entries.map(([key, value]) => `${key} ${value}`).join(', ')
  return text === '' ? 'nothing' : text.slice(0, 400)
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
