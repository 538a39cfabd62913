import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/kit/global-setup.ts'],
    maxWorkers: 2,
    testTimeout: 30_000,
    // The first test to ask for a service waits for its start, and on a new machine for its download.
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
})
