import { z } from 'zod'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Fence } from '../domain/exposure.ts'
import { fenceOf } from '../domain/fenced-error.ts'
import type { Milliseconds } from '../domain/units.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import { defineRouter, type RouterContext } from './define.ts'
import { checkAbilities } from './haproxy/abilities.ts'
import { configText } from './haproxy/config-text.ts'
import { combineFailures, combineHealth, combineNodes, newestFence } from './haproxy/fleet.ts'
import { keepMapFile } from './haproxy/map-file.ts'
import { type NodeSettings, readNode, readNodeHealth, readNodeMap } from './haproxy/node.ts'
import { parseAddress } from './haproxy/runtime-api.ts'
import { entriesOf, type SplitMap, WORD_PATTERN } from './haproxy/split-map.ts'
import { MATCH_KEY, type MapEntry, matchEntries, ticketEntries, ticketsIn } from './haproxy/target-entries.ts'
import { writeNode } from './haproxy/write-node.ts'
import type { Applied, DesiredRouting, Permit, Router } from './router.ts'
import { keyFor, matchedRules, ticketsFlaw } from './targeting.ts'
import { checkFence, checkWish } from './wish.ts'

const CAPABILITIES: RouterCapabilities = {
  weightStep: 1,
  cohorts: true,
  tickets: true,
  sticky: 'hash',
  readBack: 'traffic',
  atomic: true,
  survivesRestart: false,
  health: true,
}

/** One frozen node must not keep the others from being written, nor outlast the permit of the writer. */
const LONGEST_FIRST_LOOK: Milliseconds = 500

/** The routing is live by then: a file is given this much time even when the change has used it up. */
const SHORTEST_FOR_FILE: Milliseconds = 1_000

/** Splits traffic with a map file of one HAProxy, or of several that stand side by side. */
export const haproxyRouter = defineRouter({
  kind: 'haproxy',
  options: z.strictObject({
    kind: z.literal('haproxy').describe('the kind'),
    sockets: z
      .array(z.string().refine((text) => parseAddress(text) !== null, { error: 'must be a path or host:port' }))
      .min(1)
      .max(64)
      .refine((sockets) => new Set(sockets).size === sockets.length, { error: 'expected each socket once' })
      .describe('runtime API of every HAProxy that carries this target’s traffic: a socket’s path, or `host:port`'),
    map: z
      .string()
      .regex(/^[\w./-]{1,200}$/, { error: 'must be the path of the map file as haproxy.cfg has it' })
      .describe('the map file as `haproxy.cfg` names it; it belongs to this target alone'),
    persist: z
      .string()
      .regex(/^\/[^\0]{1,1000}$/, { error: 'must be the whole path of the map file' })
      .optional()
      .describe(
        'the same file as the worker sees it, where it may write it, so that a reload comes back with what was live',
      ),
    deadline: deadlineText
      .default('2s')
      .describe('how long one read or one change may take altogether, from `100ms` to `1m`'),
  }),
  capabilities: CAPABILITIES,
  capabilitiesOf,
  summary: 'HAProxy 2.6 or newer, through its runtime API: steps of 0.01%, sticky users, cohorts, one atomic change.',
  statesOf: ({ sockets, map }) => sockets.map((socket) => `the map ${map} of the HAProxy at ${socket}`),
  configOf: ({ map }, { cohorts = {} }) => configText(map, cohorts),
  create: (options, context) => {
    const nodes = options.sockets.map((socket) => nodeAt(socket, options.map, context.pools))
    const { persist = null, deadline } = options
    return createHaproxyRouter({
      ...{ context, nodes, pools: context.pools, persist, deadline: millisecondsOf(deadline) },
      capabilities: capabilitiesOf(options),
    })
  },
})

function capabilitiesOf({ persist }: { readonly persist?: string | undefined }): RouterCapabilities {
  return { ...CAPABILITIES, survivesRestart: persist !== undefined }
}

interface HaproxySettings {
  readonly context: RouterContext
  readonly nodes: readonly NodeSettings[]
  readonly pools: readonly [string, string]
  readonly deadline: Milliseconds
  /** The map file as the worker sees it, or null when it is left as it is. */
  readonly persist: string | null
  readonly capabilities: RouterCapabilities
}

function createHaproxyRouter(settings: HaproxySettings): Router {
  const { context, nodes, pools, deadline, persist, capabilities } = settings
  let newestTried: Fence | null = null

  /** A router that was restarted has no fence: this process still knows what it has sent for the same release. */
  function checkFences(fence: Fence, found: readonly (Fence | null)[]): void {
    const own = newestTried?.release === fence.release ? newestTried : null
    checkFence(fence, newestFence([own, ...found]))
  }

  async function apply(wish: DesiredRouting, signal: AbortSignal, permit: Permit = () => undefined): Promise<Applied> {
    signal.throwIfAborted()
    checkWish(wish, pools, capabilities)
    checkWords(wish)
    const targeting = targetingOf(wish, context)
    const entries = entriesOf(wish, pools, targeting)
    const remaining = countdown(deadline)
    const first = Math.min(deadline / 2, LONGEST_FIRST_LOOK)
    const known = await settle(
      nodes.map(async (node) => (await readNodeMap(node, first, signal)).map.fence),
      signal,
    )
    checkFences(wish.fence, known.values)
    const checked = await settle(
      nodes.map((node) => checkAbilities(node, targeting, first, signal)),
      signal,
    )
    // A node that does not answer is the write's affair: it must not keep the others from being written.
    const unable = checked.failures.find(
      (error) => error instanceof SluiceError && error.code === 'router.misconfigured',
    )
    if (unable !== undefined) throw unable
    const bounds = { remaining, signal, permit: permitNoting(permit, () => (newestTried = wish.fence)) }
    const { failures } = await settle(
      nodes.map((node) => writeNode(node, wish, entries, bounds)),
      signal,
    )
    const isOvertaken = failures.some((failure) => fenceOf(failure) !== null)
    const warning =
      failures.length === nodes.length || isOvertaken ? null : await keepFile(wish, entries, remaining, signal)
    if (failures.length > 0) throw combineFailures(failures, nodes.length, 'show the change')
    return { warning }
  }

  async function keepFile(
    wish: DesiredRouting,
    entries: readonly MapEntry[],
    remaining: () => Milliseconds,
    signal: AbortSignal,
  ) {
    if (persist === null) return null
    const look = async (end: AbortSignal) =>
      (
        await settle(
          nodes.map((node) => readNodeMap(node, deadline / 2, end)),
          end,
        )
      ).values
    const bounds = { deadline: Math.max(SHORTEST_FOR_FILE, remaining()), signal }
    return keepMapFile(persist, { entries, fence: wish.fence, look }, bounds)
  }

  return {
    capabilities,
    async read(signal) {
      signal.throwIfAborted()
      const { values, failures } = await settle(
        nodes.map((node) => readNode(node, deadline, signal)),
        signal,
      )
      if (failures.length > 0) throw combineFailures(failures, nodes.length, 'have answered')
      return combineNodes(values, pools, (map) => targetingFlaw(map, context))
    },
    apply,
    async health(signal) {
      signal.throwIfAborted()
      const { values, failures } = await settle(
        nodes.map((node) => readNodeHealth(node, deadline, signal)),
        signal,
      )
      if (failures.length > 0) throw combineFailures(failures, nodes.length, 'have answered')
      return combineHealth(values, pools)
    },
    async close() {},
  }
}

/** The entries by which HAProxy finds by itself who is of a pinned cohort or has a ticket. */
function targetingOf(wish: DesiredRouting, context: RouterContext): readonly MapEntry[] {
  const { canary } = wish.roles
  const matched = matchEntries(matchedRules(context, wish.exposure.cohorts), canary)
  return [...matched, ...ticketEntries(keyFor(wish, context), wish.roles)]
}

/** What departs from sluice.yaml in how a node finds people, although split and cohorts may be right; null for nothing. */
function targetingFlaw({ pins, targeting }: SplitMap, context: RouterContext): string | null {
  const tickets = ticketsIn(targeting)
  const flaw = tickets === null ? null : ticketsFlaw(context, tickets)
  if (flaw !== null) return flaw
  const pool = Object.values(pins)[0] ?? ''
  const wanted = matchEntries(matchedRules(context, Object.keys(pins)), pool)
  const shown = Object.keys(targeting).filter((key) => key.startsWith(MATCH_KEY))
  const isRight = wanted.length === shown.length && wanted.every(([key]) => targeting[key] === pool)
  return isRight ? null : 'cohorts matched by other rules than those of sluice.yaml'
}

function permitNoting(permit: Permit, note: () => void): Permit {
  return () => {
    permit()
    note()
  }
}

function nodeAt(socket: string, map: string, pools: readonly [string, string]): NodeSettings {
  const address = parseAddress(socket)
  const isUsable = pools.every((pool) => WORD_PATTERN.test(pool)) && pools[0] !== pools[1]
  if (address !== null && isUsable) return { address, map, pools }
  throw new SluiceError('router.misconfigured', {
    message: 'the pools of the target cannot be backends of HAProxy',
    expected: 'two different names of letters, digits, `_`, `.` and `-`',
    received: pools.join(', '),
    fix: 'name the pools after the backends in haproxy.cfg',
  })
}

/** Names become words of a command line: one with a space or a semicolon could be a second command. */
function checkWords(wish: DesiredRouting): void {
  const bad = wish.exposure.cohorts.find((cohort) => !WORD_PATTERN.test(cohort))
  if (bad === undefined) return
  throw new SluiceError('router.refused', {
    message: 'HAProxy cannot take this cohort',
    expected: 'a name of letters, digits, `_`, `.` and `-`, at most 64 of them',
    received: JSON.stringify(bad.slice(0, 80)),
    fix: 'rename the cohort',
  })
}

async function settle<T>(calls: readonly Promise<T>[], signal: AbortSignal) {
  const results = await Promise.allSettled(calls)
  signal.throwIfAborted()
  return {
    values: results.filter((result) => result.status === 'fulfilled').map((result) => result.value),
    failures: results.filter((result) => result.status === 'rejected').map((result): unknown => result.reason),
  }
}

function countdown(deadline: Milliseconds): () => Milliseconds {
  const end = performance.now() + deadline
  return () => end - performance.now()
}
