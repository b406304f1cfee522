import { defineConfig } from 'vitest/config'

/** Mutation tests run the statistics' own tests only; the others would not see a mutant sooner. */
export default defineConfig({
  test: { include: ['test/analysis/**/*.test.ts'], testTimeout: 30_000 },
})
