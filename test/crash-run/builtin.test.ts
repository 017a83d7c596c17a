import {execFileSync} from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {describe, expect, it} from 'vitest'
import {CrashModel} from '../../src/crash/index.js'
import {builtinCheck, BUILTIN_CHECKS, exploreWithCommand} from '../../src/crash-run/index.js'
import {TraceWriter} from '../crash/traces.js'
import {peerIt} from '../peers.js'
import {folder, script} from './scene.js'

/** What one image is found to be: the base, and what a write that may be lost leaves there. */
async function verdicts(
  name: string,
  image: Uint8Array,
  change: {sector: number; data: Uint8Array},
): Promise<string[]> {
  const base = (offsetBytes: number, into: Uint8Array): void => {
    into.set(image.subarray(offsetBytes, offsetBytes + into.length))
  }
  const writer = new TraceWriter()
  writer.out(change.sector, change.data)
  const row = builtinCheck(name)
  if (row?.check.kind !== 'command') throw new Error(`${name} is no command`)
  const model = new CrashModel(writer.trace({sizeBytes: image.length, knownBefore: 'listed'}), {base, atom: 'request'})
  const {violations, states, complete} = await exploreWithCommand(model, row.check.command)
  expect({complete, isTwo: states <= 2}).toEqual({complete: true, isTwo: true})
  return violations.map(({message}) => message)
}

function ext4(where: string): string {
  const file = path.join(where, 'fs')
  fs.writeFileSync(file, '')
  fs.truncateSync(file, 16 << 20)
  execFileSync('mkfs.ext4', ['-q', '-F', file])
  return file
}

describe('a built-in check', () => {
  it('is one of these', () => {
    expect(BUILTIN_CHECKS.map(({name}) => name)).toEqual([
      'stable-survives',
      'sqlite',
      'ext4',
      'xfs',
      'btrfs',
      'vfat',
      'gpt',
    ])
    expect(builtinCheck('none')).toBeUndefined()
    expect(builtinCheck('gpt')?.check.kind).toBe('function')
  })

  it.each(BUILTIN_CHECKS.flatMap(({name, check}) => (check.kind === 'command' ? [{name, check}] : [])))(
    'that needs a program says which, and where it comes from: $name',
    ({name, check}) => {
      const where = folder()
      expect(() => builtinCheck(name, [where])).toThrow(
        expect.objectContaining({
          kind: 'environment',
          code: 'E_CHECK_MISSING',
          message: `the check "${name}" needs ${check.program}, which is not there`,
          hint: expect.stringContaining(check.package) as string,
        }),
      )
      script(where, check.program, 'true')
      expect(builtinCheck(name, [where])?.name).toBe(name)
    },
  )

  it('runs the program it needs, on the image', () => {
    for (const {check} of BUILTIN_CHECKS) {
      if (check.kind !== 'command') continue
      const words = check.command.check as readonly string[]
      expect(words[0]).toBe(check.program)
      expect(words).toContain('{image}')
    }
  })

  peerIt(['sqlite3'], 'of SQLite finds a page that is gone', async () => {
    const file = path.join(folder(), 'db')
    execFileSync('sqlite3', [file, 'create table t(a); insert into t values(1), (2);'])
    const image = new Uint8Array(fs.readFileSync(file))
    const same = image.slice(0, 512)
    // The second page is the table: one of no known type is damage, the same again is none.
    expect(await verdicts('sqlite', image, {sector: 8, data: new Uint8Array(512).fill(0xff)})).toHaveLength(1)
    expect(await verdicts('sqlite', image, {sector: 0, data: same})).toEqual([])
  })

  peerIt(['mkfs.ext4'], 'of ext4 replays the journal before it looks, and finds what that does not mend', async () => {
    const file = ext4(folder())
    const clean = new Uint8Array(fs.readFileSync(file))
    execFileSync('debugfs', ['-w', '-R', 'feature needs_recovery', file], {stdio: 'ignore'})
    const unclean = new Uint8Array(fs.readFileSync(file))
    const superblock = (bytes: Uint8Array) => bytes.slice(1024, 2048)
    expect(await verdicts('ext4', clean, {sector: 2, data: superblock(unclean)})).toEqual([])
    const [message, ...more] = await verdicts('ext4', unclean, {sector: 2, data: new Uint8Array(512)})
    expect([message?.startsWith('recovery exited with 8'), more]).toEqual([true, []])
  })

  for (const {name, make, sizeBytes, at} of [
    {name: 'xfs', make: ['mkfs.xfs', '-q'], sizeBytes: 320 << 20, at: 0},
    {name: 'btrfs', make: ['mkfs.btrfs', '-q'], sizeBytes: 128 << 20, at: 128},
    {name: 'vfat', make: ['mkfs.vfat', '-R', '4'], sizeBytes: 8 << 20, at: 4},
  ] as const) {
    peerIt(
      [make[0]],
      `of ${name} finds a sector of its metadata that is gone, and nothing where all is there`,
      async () => {
        const file = path.join(folder(), 'fs')
        fs.writeFileSync(file, '')
        fs.truncateSync(file, sizeBytes)
        const [program, ...flags] = make
        execFileSync(program, [...flags, file], {stdio: 'ignore'})
        const image = new Uint8Array(fs.readFileSync(file))
        const same = image.slice(at * 512, at * 512 + 512)
        expect(await verdicts(name, image, {sector: at, data: same})).toEqual([])
        expect(await verdicts(name, image, {sector: at, data: new Uint8Array(512).fill(0x55)})).toHaveLength(1)
      },
    )
  }
})
