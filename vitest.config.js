import {readdirSync, readFileSync} from 'node:fs'

import {defineConfig} from 'vitest/config'

import {diskTempFolder} from './bin/temp-folder.js'

/** Tests of the whole tool, which take long, and those of the server: each has a process of its own. */
const WHOLE_TOOL = /^(e2e|examples|fuzz|interop|model|serve)\/|^[^/]*$/
/** What a test does to its process that a test of another file might notice. */
const CHANGES_ITS_PROCESS =
  /\bvi\.(mock|doMock|resetModules|stub\w+|spyOn|useFakeTimers)|\bprocess\.(env\[[^\]]*\] = |chdir|umask|exitCode =|kill|emit)/

/** The tests of rooms that leave their process as it was share a few: starting one for each file takes longer than they do. */
const sharing = readdirSync('test', {recursive: true, encoding: 'utf8'})
  .filter((file) => file.endsWith('.test.ts') && !WHOLE_TOOL.test(file))
  .map((file) => `test/${file}`)
  .filter((file) => !CHANGES_ITS_PROCESS.test(readFileSync(file, 'utf8')))

export default defineConfig({
  test: {
    projects: [
      {extends: true, test: {name: 'sharing', include: sharing, isolate: false}},
      {extends: true, test: {name: 'alone', include: ['test/**/*.test.ts'], exclude: sharing}},
    ],
    reporters: ['default', './test/reporter.ts'],
    maxWorkers: '100%', // of the processors, also on a machine with two
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
