import {Parser} from '@oclif/core'
import {expect, it} from 'vitest'

import {seedFlag} from '../../src/cli/index.js'

async function parsed(...words: string[]): Promise<unknown> {
  const {flags} = await Parser.parse(words, {flags: {seed: seedFlag('Chooses.')}})
  return flags['seed']
}

it('a seed is a whole number, and 1 unless told', async () => {
  expect(await parsed()).toBe(1)
  expect(await parsed('--seed', '0')).toBe(0)
  expect(await parsed('--seed', '9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
})

it.each(['9007199254740992', '99999999999999999999'])('%s is no seed: it would become another number', async (text) => {
  await expect(parsed('--seed', text)).rejects.toThrow(
    `Expected an integer less than or equal to ${Number.MAX_SAFE_INTEGER} but received: ${text}`,
  )
})
