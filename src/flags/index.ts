import { flagdStore } from './flagd.ts'
import { launchdarklyStore } from './launchdarkly.ts'
import { memoryStore } from './memory.ts'
import { unleashStore } from './unleash.ts'

/** Every flag store adapter. A new one is a file beside this one and a line here. */
export const FLAG_STORES = [memoryStore, flagdStore, unleashStore, launchdarklyStore] as const
