import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter.ts'],
    disableConsoleIntercept: true, // @oclif/test captures process.stdout.write
    env: {NO_COLOR: '1', NODE_ENV: 'production'},
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'dist/**/*.js'],
      exclude: ['**/*.d.ts'],
      reporter: ['text', 'json-summary'],
    },
  },
})
