import { z } from 'zod'
import type { Milliseconds } from '../domain/units.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Fence } from '../domain/exposure.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import { defineRouter } from './define.ts'
import { combineFailures, combineNodes, newestFence } from './haproxy/fleet.ts'
import { type NodeSettings, readNode, readNodeMap } from './haproxy/node.ts'
import { parseAddress } from './haproxy/runtime-api.ts'
import { WORD_PATTERN } from './haproxy/split-map.ts'
import { writeNode } from './haproxy/write-node.ts'
import type { Applied, DesiredRouting, Permit, Router, RouterCapabilities } from './router.ts'
import { checkFence, checkWish } from './wish.ts'

const CAPABILITIES: RouterCapabilities = {
  weightStep: 1,
  cohorts: true,
  sticky: 'hash',
  readBack: 'traffic',
  atomic: true,
  survivesRestart: false,
}

/** One frozen node must not keep the others from being written, nor outlast the permit of the writer. */
const LONGEST_FIRST_LOOK: Milliseconds = 500

/** Splits traffic with a map file of one HAProxy, or of several that stand side by side. */
export const haproxyRouter = defineRouter({
  kind: 'haproxy',
  options: z.strictObject({
    kind: z.literal('haproxy'),
    /** The runtime API of every HAProxy that carries this target's traffic: a Unix socket's path or `host:port`. */
    sockets: z
      .array(z.string().refine((text) => parseAddress(text) !== null, { error: 'must be a path or host:port' }))
      .min(1)
      .max(64)
      .refine((sockets) => new Set(sockets).size === sockets.length, { error: 'must not name a socket twice' }),
    /** The map as haproxy.cfg names it. It belongs to this target alone. */
    map: z.string().regex(/^[\w./-]{1,200}$/, { error: 'must be the path of the map file as haproxy.cfg has it' }),
    /** How long one `read` or `apply` may take altogether. */
    deadline: deadlineText.default('2s'),
  }),
  capabilities: CAPABILITIES,
  summary: 'HAProxy 2.6 or newer, through its runtime API: steps of 0.01 %, sticky users, cohorts, one atomic change.',
  create: (options, context) => {
    const nodes = options.sockets.map((socket) => nodeAt(socket, options.map, context.pools))
    return createHaproxyRouter(nodes, context.pools, millisecondsOf(options.deadline))
  },
})

function createHaproxyRouter(
  nodes: readonly NodeSettings[],
  pools: readonly [string, string],
  deadline: Milliseconds,
): Router {
  let newestTried: Fence | null = null

  /** A router that was restarted has no fence: this process still knows what it has sent for the same release. */
  function checkFences(fence: Fence, found: readonly (Fence | null)[]): void {
    const own = newestTried?.release === fence.release ? newestTried : null
    checkFence(fence, newestFence([own, ...found]))
  }

  async function apply(wish: DesiredRouting, signal: AbortSignal, permit: Permit = () => undefined): Promise<Applied> {
    signal.throwIfAborted()
    checkWish(wish, pools, CAPABILITIES)
    checkWords(wish)
    const remaining = countdown(deadline)
    const first = Math.min(deadline / 2, LONGEST_FIRST_LOOK)
    const known = await settle(
      nodes.map(async (node) => (await readNodeMap(node, first, signal)).map.fence),
      signal,
    )
    checkFences(wish.fence, known.values)
    const bounds = { remaining, signal, permit: permitNoting(permit, () => (newestTried = wish.fence)) }
    const { failures } = await settle(
      nodes.map((node) => writeNode(node, wish, bounds)),
      signal,
    )
    if (failures.length > 0) throw combineFailures(failures, nodes.length, 'show the change')
    return { warning: null }
  }

  return {
    capabilities: CAPABILITIES,
    async read(signal) {
      signal.throwIfAborted()
      const { values, failures } = await settle(
        nodes.map((node) => readNode(node, deadline, signal)),
        signal,
      )
      if (failures.length > 0) throw combineFailures(failures, nodes.length, 'have answered')
      return combineNodes(values, pools)
    },
    apply,
    async close() {},
  }
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
    message: 'The pools of the target cannot be backends of HAProxy.',
    expected: 'two different names of letters, digits, `_`, `.` and `-`',
    received: pools.join(', '),
    fix: 'Name the pools after the backends in haproxy.cfg.',
  })
}

/** Names become words of a command line: one with a space or a semicolon could be a second command. */
function checkWords(wish: DesiredRouting): void {
  const bad = wish.exposure.cohorts.find((cohort) => !WORD_PATTERN.test(cohort))
  if (bad === undefined) return
  throw new SluiceError('router.refused', {
    message: 'HAProxy cannot take this cohort.',
    expected: 'a name of letters, digits, `_`, `.` and `-`, at most 64 of them',
    received: JSON.stringify(bad.slice(0, 80)),
    fix: 'Rename the cohort.',
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
