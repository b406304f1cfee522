import { randomUUID } from 'node:crypto'
import { memoryStore } from '../../src/flags/memory.ts'
import { describeFlagStoreContract } from '../contracts/flag-store-contract.ts'

describeFlagStoreContract('memory', async () => {
  const flags = ['new-checkout', 'new-search'] as const
  const world = randomUUID()
  const connect = () => memoryStore.open({ kind: 'memory', world, flags }, { pools: ['blue', 'green'] })
  return {
    flags,
    connect,
    meddle: (flag, reach) =>
      connect().apply({ flags: { [flag]: reach }, fence: { release: 1, epoch: 1 } }, new AbortController().signal),
    async teardown() {},
  }
})
