import {Parser} from '@oclif/core'
import {expect, it} from 'vitest'

import {sizeFlag} from '../../src/cli/index.js'

async function parsed(text: string): Promise<unknown> {
  const {flags} = await Parser.parse(['--create', text], {flags: {create: sizeFlag()}})
  return flags['create']
}

it('a size flag gives bytes under the one size rule', async () => {
  expect(await parsed('4k')).toBe(4096n)
  expect(await parsed('8s')).toBe(4096n)
  expect(await parsed('1MB')).toBe(1_000_000n)
})

it.each(['4q', '', '-1', '1.0001k'])('%j is refused as a usage error', async (text) => {
  await expect(parsed(text)).rejects.toMatchObject({kind: 'usage', code: 'E_SIZE'})
})
