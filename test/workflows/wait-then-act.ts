import { CancellationScope, defineQuery, proxyActivities, setHandler, sleep } from '@temporalio/workflow'

const { act } = proxyActivities<{ act: () => Promise<void> }>({ startToCloseTimeout: '10s' })
const { act: neverTaken } = proxyActivities<{ act: () => Promise<void> }>({
  startToCloseTimeout: '10s',
  taskQueue: 'nobody',
  cancellationType: 'TRY_CANCEL',
})

export const leftQuery = defineQuery<number | null, [of?: 'closed']>('left')

/**
 * Goes by the clock after its timer, as a bake does. One that calls something off before, as a guard is called off, has a step in which
 * nothing is left to do.
 */
export async function waitThenAct(time: number, callsOff: boolean): Promise<void> {
  let left: number | null = null
  setHandler(leftQuery, () => left)
  if (callsOff) {
    const own = new CancellationScope()
    void own.run(neverTaken).catch(() => undefined)
    await sleep(1)
    own.cancel()
  }
  const until = Date.now() + time
  await sleep(time)
  left = until - Date.now()
  if (left > 0) await sleep(left)
  else await act()
}
