import { defineQuery, proxyActivities, setHandler, sleep } from '@temporalio/workflow'

const { act } = proxyActivities<{ act: () => Promise<void> }>({ startToCloseTimeout: '10s' })

export const leftQuery = defineQuery<number | null>('left')

/** Goes by the clock after its timer, as a bake does. */
export async function waitThenAct(time: number): Promise<void> {
  let left: number | null = null
  setHandler(leftQuery, () => left)
  const until = Date.now() + time
  await sleep(time)
  left = until - Date.now()
  if (left > 0) await sleep(left)
  else await act()
}
