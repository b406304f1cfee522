import { once } from 'node:events'
import { applyPermitted, createPermit } from '../../../src/activities/write-permit.ts'
import { SluiceError } from '../../../src/domain/errors.ts'
import { haproxyRouter } from '../../../src/routers/haproxy.ts'
import type { DesiredRouting } from '../../../src/routers/router.ts'

/**
 * A worker in a process of its own, to be frozen in the middle of a write. It asks its parent whether the write is still
 * wanted, as a worker asks Temporal, and tells it at last what has come of the write.
 */

interface Task {
  readonly socket: string
  readonly map: string
  readonly wish: DesiredRouting
  readonly lifetime: number
  /** False for a worker that asks nobody: what would happen without permits. */
  readonly asks: boolean
}

const task = JSON.parse(process.argv[2] ?? '') as Task
const tell = (message: unknown) => process.send?.(message)

async function confirm(): Promise<'yes' | 'no' | 'unknown'> {
  if (!task.asks) return 'yes'
  tell({ asks: true })
  const [answer] = (await once(process, 'message')) as ['yes' | 'no' | 'unknown']
  return answer
}

const now = () => (task.asks ? { steady: performance.now(), wall: Date.now() } : { steady: 0, wall: 0 })
const permit = createPermit({ confirm, grace: 0, lifetime: task.lifetime, now })
// A deadline that the freeze does not reach: nothing but the permit is to stop the write.
const options = { kind: 'haproxy', sockets: [task.socket], map: task.map, deadline: '1m' }
const router = haproxyRouter.open(options, { pools: [task.wish.roles.stable, task.wish.roles.canary] })

try {
  await applyPermitted(router, task.wish, permit, new AbortController().signal)
  tell({ ended: 'landed' })
} catch (error) {
  tell({ ended: error instanceof SluiceError ? error.code : String(error) })
}
process.disconnect()
