import type {Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest} from 'vitest/node'
import './peers.js'

/** One run in numbers. Whatever went wrong is in `failed`: a run that exits with an error never reads "0 failed". */
interface Tally {
  passed: number
  failed: number
  skipped: number
  /** Reason of a skip -> titles of the tests it skipped. */
  readonly skips: Map<string, string[]>
}

function countTest(test: TestCase, tally: Tally): void {
  const result = test.result()
  switch (result.state) {
    case 'passed':
      tally.passed += 1
      break
    case 'failed':
    case 'pending': // cut short: never seen to pass
      tally.failed += 1
      break
    case 'skipped': {
      tally.skipped += 1
      const reason = test.meta().skipReason ?? result.note ?? 'no reason given'
      tally.skips.set(reason, [...(tally.skips.get(reason) ?? []), test.fullName])
      break
    }
  }
}

/** A file that does not load and a hook that fails have no test to carry the failure: each counts as one. */
function countBroken(owner: TestModule | TestSuite, tally: Tally): void {
  if (owner.errors().length > 0) tally.failed += 1
}

function tallyOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Tally {
  const tally: Tally = {passed: 0, failed: unhandled.length, skipped: 0, skips: new Map()}
  for (const module of modules) {
    countBroken(module, tally)
    for (const suite of module.children.allSuites()) countBroken(suite, tally)
    for (const test of module.children.allTests()) countTest(test, tally)
  }
  return tally
}

function linesOf(tally: Tally): string {
  const lines: string[] = []
  for (const [reason, titles] of [...tally.skips].toSorted(([left], [right]) => left.localeCompare(right))) {
    lines.push(`skipped: ${reason}`, ...titles.map((title) => `  ${title}`))
  }
  lines.push(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
  return `${lines.join('\n')}\n`
}

/**
 * Prints why tests were skipped and then, as the last line of the run, `N passed, N failed, N skipped`, counting tests.
 * Stands beside the default reporter. The line is written when the process exits, so that nothing comes after it; in watch
 * mode after each run.
 */
export default class LastLineReporter implements Reporter {
  private watching = false
  private tally: Tally | undefined

  onInit(vitest: Vitest): void {
    this.watching = vitest.config.watch
    if (this.watching) return
    process.once('exit', (code) => {
      const tally = this.tally ?? tallyOf([], [])
      if (code !== 0 && tally.failed === 0) tally.failed = 1
      process.stdout.write(linesOf(tally))
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.tally = tallyOf(modules, unhandled)
    if (this.watching) process.stdout.write(linesOf(this.tally))
  }
}
