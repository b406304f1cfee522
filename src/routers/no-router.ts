import type { Router } from './router.ts'

/** What stands in the router's place where a target has none: it splits nobody, so that its flags alone say who gets what. */
export const NO_ROUTER: Router = {
  capabilities: {
    ...{ weightStep: 1, cohorts: true, sticky: 'hash', readBack: 'config' },
    ...{ atomic: true, survivesRestart: true },
  },
  async read() {
    return { split: {}, isUnrouted: true, cohorts: {}, fence: null, flaw: null, incarnation: '', served: null }
  },
  apply: async () => ({ warning: null }),
  close: async () => undefined,
}
