import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import type { SluiceError } from '../domain/errors.ts'
import type { FlagStore } from './flag-store.ts'

/** A store that could not be set up: whatever it is asked, it says why. So only releases that set flags are stopped. */
export function createUnusableStore(capabilities: FlagStoreCapabilities, fault: SluiceError): FlagStore {
  const refuse = async (signal: AbortSignal): Promise<never> => {
    signal.throwIfAborted()
    throw fault
  }
  return {
    capabilities,
    read: (_, signal) => refuse(signal),
    apply: (_, signal) => refuse(signal),
    async close() {},
  }
}
