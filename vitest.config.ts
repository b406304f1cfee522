import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const slow = ['test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    // Most of them wait for real processes: fewer workers than cores would leave a small machine idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // What never comes is told from what is late by patience alone, and a machine may be ten times as slow as yours.
    ...{ testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: slow },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: slow,
          // They share two cores with servers and workers. One that passes then is a race all the same, and is printed by name.
          retry: 1,
        },
      },
    ],
  },
})
