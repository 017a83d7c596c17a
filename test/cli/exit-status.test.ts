import {expect, it} from 'vitest'

import {EXIT_CODES} from '../../src/base/index.js'
import {exitStatusHelp} from '../../src/cli/index.js'

it('help names every exit status with its meaning', () => {
  const help = exitStatusHelp().replaceAll(/\s+/g, ' ')
  for (const {exit, means} of EXIT_CODES) expect(help).toContain(`${exit} ${means}`)
})

it('help names only the statuses a command can end with, in the order of the table', () => {
  const statuses = exitStatusHelp(['io', 'ok', 'usage'])
    .split('\n')
    .flatMap((line) => /^ *(\d+) {2}/.exec(line)?.[1] ?? [])
  expect(statuses).toEqual(['0', '2', '4'])
})

it('no line of help is wider than 76 columns', () => {
  for (const line of exitStatusHelp().split('\n')) expect(line.length).toBeLessThanOrEqual(76)
})
