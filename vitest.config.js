import {availableParallelism} from 'node:os'

import {defineConfig} from 'vitest/config'

import {diskTempFolder} from './bin/temp-folder.js'
import {needsOwnProcess, testSources} from './test/tidy/own-process.ts'

const sources = testSources('test')
const sharing = [...sources.keys()]
  .filter((file) => file.endsWith('.test.ts') && !needsOwnProcess(file, sources))
  .map((file) => `test/${file}`)

export default defineConfig({
  test: {
    projects: [
      {extends: true, test: {name: 'sharing', include: sharing, isolate: false}},
      {extends: true, test: {name: 'alone', include: ['test/**/*.test.ts'], exclude: sharing}},
    ],
    reporters: ['default', './test/reporter.ts'],
    maxWorkers: availableParallelism() + 1, // some of them wait for a process or a disk
    testTimeout: 30_000, // only a hang takes as long, on a busy machine too
    disableConsoleIntercept: true, // @oclif/test captures process.stdout.write
    // Images of tests lie on a disk: in memory every mode would be reported to lose them.
    env: {NO_COLOR: '1', NODE_ENV: 'production', TMPDIR: diskTempFolder()},
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'dist/**/*.{js,cjs}'],
      exclude: ['**/*.d.ts'],
      reporter: ['text', 'json-summary'],
    },
  },
})
