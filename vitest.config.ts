import { defineConfig } from 'vitest/config'

const slow = ['test/e2e/**/*.test.ts', 'test/workflows/**/*.test.ts', 'test/faults/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: slow, testTimeout: 30_000 },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: slow,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
