import { CancellationScope, condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow'

const { act, look } = proxyActivities<{ act: () => Promise<void>; look: () => Promise<void> }>({
  startToCloseTimeout: '30s',
})

export const sayUpdate = defineUpdate('say')

/** Tells one thing after the other, as a release does. What it has looked at and what is told bring two steps with nothing to do. */
export async function tellInTurn(): Promise<void> {
  let told = tellAfter(Promise.resolve())
  let isSaid = false
  setHandler(sayUpdate, () => {
    told = tellAfter(told)
    isSaid = true
  })
  await look()
  await condition(() => isSaid)
  await told
}

async function tellAfter(before: Promise<void>): Promise<void> {
  await before
  await CancellationScope.nonCancellable(() => act())
}
