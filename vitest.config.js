import {defineConfig} from 'vitest/config'

import {diskTempFolder} from './bin/temp-folder.js'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter.ts'],
    maxWorkers: '100%', // of the processors, also on a machine with two
    testTimeout: 30_000, // only a hang takes as long, on a busy machine too
    disableConsoleIntercept: true, // @oclif/test captures process.stdout.write
    // Images of tests lie on a disk: in memory every mode would be reported to lose them.
    env: {NO_COLOR: '1', NODE_ENV: 'production', TMPDIR: diskTempFolder()},
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'dist/**/*.js'],
      exclude: ['**/*.d.ts'],
      reporter: ['text', 'json-summary'],
    },
  },
})
