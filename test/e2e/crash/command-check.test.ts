import {existsSync, mkdirSync, readdirSync} from 'node:fs'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {endOf, expectNoStack, expectRefusal, flushpoint, start, TIMEOUT_MS} from '../cli.js'
import {peerIt} from '../../peers.js'
import {inFlight, textFile, TWO_WRITES} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

/** The second write of TWO_WRITES needs the first, and the user who was told needs the second. */
const SCRIPT = [
  'first=$(od -An -tu1 -j0 -N1 "$1" | tr -d " ")',
  'second=$(od -An -tu1 -j512 -N1 "$1" | tr -d " ")',
  'if [ "$second" != 0 ] && [ "$first" = 0 ]; then echo "the second without the first"; exit 1; fi',
  'case "$FLUSHPOINT_MARKS" in told) [ "$second" != 0 ] || { echo "told and lost"; exit 1; };; esac',
]

let scene: Scene
let story: string
let check: string
beforeEach(() => {
  scene = new Scene()
  story = textFile(scene, 'story.ndjson', ...TWO_WRITES)
  check = `sh ${textFile(scene, 'check.sh', ...SCRIPT)} {image}`
})
afterEach(() => scene.close())

interface Report {
  readonly complete: boolean
  readonly states: number
  readonly runs: number
  readonly violations: readonly object[]
}

async function explored(...flags: string[]): Promise<{exit: number | undefined; report: Report}> {
  const {exit, stdout} = await flushpoint(['crash', 'explore', story, '--check', check, '--json', ...flags])
  return {exit, report: JSON.parse(stdout) as Report}
}

describe('crash explore with a command', () => {
  it('finds the image that breaks the program, and what would have prevented it', async () => {
    const {exit, report} = await explored()
    expect(exit).toBe(1)
    expect(report).toMatchObject({
      complete: true,
      of: {shares: 'images'},
      violations: [
        {
          kind: 'inconsistent',
          lost: [{request: 1, offsetBytes: 0, lengthBytes: 512}],
          story: expect.stringContaining('the second without the first') as string,
          fix: [{insert: 'FUA', after: 1}],
        },
      ],
    })
  })

  it('is not asked about images that would be made up, unless --base has what the trace does not know', async () => {
    const lines = TWO_WRITES.with(0, '{"trace":1,"sizeBytes":"64k","knownBefore":"touched"}')
    story = textFile(scene, 'touched.ndjson', ...lines)
    const asked = scene.path('asked')
    const refuse = `sh ${textFile(scene, 'magic.sh', `echo >> ${asked}`, '[ "$(od -An -tu1 -j4096 -N1 "$1" | tr -d " ")" = 7 ]')} {image}`
    const exploring = ['crash', 'explore', story, '--check', refuse]
    const says = 'nobody knows what byte 0 of the image held before the trace, which has only what requests changed'
    await expectRefusal(scene, exploring, {exit: 2, code: 'E_NO_BASE', says})
    await expectRefusal(scene, [...exploring, '--jobs', '2'], {exit: 2, code: 'E_NO_BASE', says})
    expect(existsSync(asked)).toBe(false)
    const base = scene.file('base.img', 65536, 7)
    expect(await flushpoint([...exploring, '--base', base, '--json'])).toMatchObject({exit: 0, stderr: ''})
    const promised = ['crash', 'explore', story, '--check', 'stable-survives', '--json']
    expect(await flushpoint(promised)).toMatchObject({exit: 0, stderr: ''})
  })

  it('tells it which marks had been reached', async () => {
    const {report} = await explored('--cache', 'unsafe')
    expect(report.violations).toMatchObject([{kind: 'inconsistent'}, {kind: 'acknowledged-lost', mark: 'told'}])
  })

  it('says the same with several at a time, and asks once about each image with the same marks', async () => {
    const [one, two] = [await explored(), await explored('--jobs', '3')]
    expect(two.report).toEqual({...one.report, runs: two.report.runs})
    // Neither write, each, both; and both once more when the user had been told.
    expect(one.report.states).toBe(5)
  })

  it('lets a command recover first', async () => {
    const mend = textFile(scene, 'mend.sh', 'dd if=/dev/zero of="$1" bs=512 seek=1 count=1 conv=notrunc status=none')
    const {exit, report} = await explored('--recover', `sh ${mend} {image}`, '--kind', 'os')
    expect(exit).toBe(1) // what the user had been told is wiped away, whatever the crash
    expect(report.violations).toMatchObject([{kind: 'acknowledged-lost', mark: 'told'}])
  })

  it('says that it is a sample where the budget is too small, and how it was picked', async () => {
    story = textFile(scene, 'wide.ndjson', ...inFlight(64))
    check = 'test -s {image}'
    const {exit, report} = await explored('--budget', '40')
    expect(exit).toBe(0)
    expect(report).toMatchObject({complete: false, finished: true, states: 40})
    const {stdout} = await flushpoint(['crash', 'explore', story, '--check', check, '--budget', '40'])
    expect(stdout).toContain('How images were picked: all of them at 0 of 1 crash points')
    expect(stdout).toMatch(/^random +\d+ +1 +0$/m)
  })

  it('says when the check changed the image it was to look at', async () => {
    check = 'dd if=/dev/zero of={image} bs=512 count=1 conv=notrunc status=none'
    const {stdout} = await flushpoint(['crash', 'explore', story, '--check', check])
    expect(stdout).toMatch(/^note: +The check changed the image it was to look at \d+ times; undone each time\.$/m)
  })

  peerIt(['sqlite3'], 'asks SQLite, and shows what the check does not tell', async () => {
    check = 'sqlite'
    const {exit, report} = await explored()
    expect(exit).toBe(1)
    expect(report.violations).toMatchObject([{story: expect.stringContaining('file is not a database') as string}])
    const {stdout} = await flushpoint(['crash', 'explore', story, '--check', check])
    expect(stdout).toMatch(/^note: +The image holds the database alone/m)
  })
})

describe('crash explore refuses, of commands,', () => {
  const expectRefused = (exit: number, code: string, says: string, ...flags: string[]): Promise<void> =>
    expectRefusal(scene, ['crash', 'explore', story, '--check', check, ...flags], {exit, code, says})

  it('one that is missing, and --recover without one', async () => {
    check = 'flushpoint-has-no-such-program {image}'
    await expectRefused(3, 'E_CHECK_MISSING', 'the check cannot run')
    check = textFile(scene, 'check.mjs', 'export default () => {}')
    await expectRefused(2, 'E_RECOVER', '--recover goes with a command', '--recover', 'true {image}')
  })

  it('a shard that is none', async () => {
    await expectRefused(2, 'E_SHARD', 'shard "3/2" is none', '--shard', '3/2')
  })
})

describe('a command that does not end', () => {
  it('is killed, and its image counts as refused', async () => {
    check = 'sleep 1000 # {image}'
    const {exit, report} = await explored('--timeout', '1', '--kind', 'process')
    expect(exit).toBe(1)
    expect(report.violations).toMatchObject([{story: expect.stringContaining('1') as string}])
  })

  it('is ended by SIGINT, with a report that is not complete and no scratch file left', async () => {
    const sign = scene.path('sign')
    const temp = scene.path('temp')
    mkdirSync(temp)
    check = `touch ${sign}; sleep 1000 # {image}`
    const child = start(['crash', 'explore', story, '--check', check, '--json'], {env: {TMPDIR: temp}})
    scene.onClose(() => child.kill('SIGKILL'))
    child.stdin?.end()
    const ending = endOf(child)
    while (!existsSync(sign)) {
      if (child.exitCode !== null) throw new Error('it ended before it was interrupted')
      await nextTurn()
    }
    child.kill('SIGINT')
    const ended = await ending
    expect(ended.exit).toBe(130)
    expect(JSON.parse(ended.stdout)).toMatchObject({complete: false, finished: false, violations: []})
    expectNoStack(ended)
    expect(readdirSync(temp)).toEqual([])
  })
})
