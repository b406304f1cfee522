import { defineConfig } from 'vitest/config'

/**
 * Mutants meet the tests of the mutated files themselves. The judges' tests and the simulations that count false alarms
 * use these files as well, but a mutant that only they would notice is one that the statistics' own tests let through.
 */
export default defineConfig({
  test: {
    include: [
      'test/analysis/statistics/**/*.test.ts',
      'test/analysis/judges/**/*-test.test.ts',
      'test/analysis/judges/sequential/wealth.test.ts',
      'test/analysis/judges/sequential/{clumps-golden,design-effect,record-effect}.test.ts',
      'test/bench/peers/incomplete-beta.test.ts',
    ],
    testTimeout: 30_000,
  },
})
