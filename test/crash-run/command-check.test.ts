import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CrashModel, explore, stateOfId, type Check, type CrashOptions} from '../../src/crash/index.js'
import type {CommandOptions} from '../../src/crash-run/command-check.js'
import {exploreWithCommand} from '../../src/crash-run/index.js'
import {SEED, traces} from '../crash/random-trace.js'
import {filled, TraceWriter} from '../crash/traces.js'
import {firstByte, folder, namesIn, script} from './scene.js'

const SIZE_BYTES = 8192

function modelOf(writer: TraceWriter, options: CrashOptions = {}): CrashModel {
  return new CrashModel(writer.trace({sizeBytes: SIZE_BYTES}), options)
}

/** A record, a header that names it, and no flush between them. */
function recordAndHeader(): CrashModel {
  const writer = new TraceWriter()
  writer.out(0)
  writer.out(1)
  writer.flush()
  writer.mark('saved')
  return modelOf(writer)
}

const HEADER_WITHOUT_RECORD = [
  firstByte('RECORD', 0),
  firstByte('HEADER', 1),
  '[ $HEADER = 0 ] || [ $RECORD != 0 ] || { echo "a header and no record"; exit 1; }',
]

/** Runs a check made of these lines. */
function exploreWith(model: CrashModel, lines: readonly string[], options: Partial<CommandOptions> = {}) {
  return exploreWithCommand(model, {check: [script(folder(), 'check', ...lines), '{image}'], ...options})
}

describe('exploring with a command', () => {
  it('finds what fails, as small and as early as it can be, and what would have prevented it', async () => {
    const found = await exploreWith(recordAndHeader(), HEADER_WITHOUT_RECORD)
    expect(found).toMatchObject({complete: true, isFinished: true, crashPoints: 3, changed: 0})
    expect(found.violations).toHaveLength(1)
    // Events: three of the record, then the header is submitted and issued.
    expect(found.violations[0]).toMatchObject({
      kind: 'inconsistent',
      mark: null,
      event: 5,
      lost: [{request: 1, offsetBytes: 0, lengthBytes: 512}],
      fix: {insertions: [{insert: 'FUA', after: 1}], isWhole: true},
    })
    expect(found.violations[0]?.story).toContain('The check finds: the check exited with 1: a header and no record')
  })

  it('tells what was acknowledged and lost from what is inconsistent, by the marks it tells the command', async () => {
    const writer = new TraceWriter()
    writer.mark('opened')
    writer.out(0)
    writer.mark('saved')
    const check = [firstByte('RECORD', 0), 'case "$FLUSHPOINT_MARKS" in *saved*) [ $RECORD != 0 ];; esac']
    const {complete, violations} = await exploreWith(modelOf(writer), check)
    expect(complete).toBe(true)
    expect(violations).toMatchObject([{kind: 'acknowledged-lost', mark: 'saved', lost: [{request: 1}]}])
    expect(violations[0]?.fix).toEqual({insertions: [{insert: 'FUA', after: 1}], isWhole: true})
  })

  it('comes to the verdicts of the same check in this process', async () => {
    const shell = [firstByte('A', 0), firstByte('B', 1), '[ $(((A * 3 + B) % 4)) != 1 ]']
    const check: Check = ({read, fail}) => {
      const [a, b] = [read(0, 512)[0] ?? 0, read(512, 512)[0] ?? 0]
      if ((a * 3 + b) % 4 === 1) fail('no')
    }
    const where = folder()
    const command = [script(where, 'check', ...shell), '{image}']
    await fc.assert(
      fc.asyncProperty(
        traces,
        fc.constantFrom<CrashOptions>({}, {device: 'fifo'}, {atom: 4096}),
        async (trace, rules) => {
          const model = new CrashModel({...trace, header: {...trace.header, sizeBytes: SIZE_BYTES}}, rules)
          const [inside, outside] = [
            explore(model, check),
            await exploreWithCommand(model, {check: command, folder: where}),
          ]
          expect([inside.complete, outside.complete]).toEqual([true, true])
          expect(outside.violations.map(({kind, mark}) => ({kind, mark}))).toEqual(
            inside.violations.map(({kind, mark}) => ({kind, mark})),
          )
          // It is told as a state that can be looked at again.
          for (const {id, state} of outside.violations) expect(stateOfId(model, id).choices).toEqual(state.choices)
        },
      ),
      {seed: SEED, numRuns: 12},
    )
  })

  it('asks about one image once, at whichever points it may be left', async () => {
    const where = folder()
    const seen = path.join(where, 'seen')
    const writer = new TraceWriter()
    for (const _ of [1, 2, 3]) {
      writer.out(0, filled(5))
      writer.flush()
    }
    const found = await exploreWith(modelOf(writer), [`cksum < "$1" >> ${seen}`])
    const sums = fs.readFileSync(seen, 'utf8').trim().split('\n')
    expect(sums).toHaveLength(new Set(sums).size)
    expect([found.states, found.runs, sums.length]).toEqual([2, 2, 2])
  })

  it('asks again when more had been promised, unless the check never looks at that', async () => {
    const writer = new TraceWriter()
    writer.mark('one')
    writer.mark('two')
    const model = modelOf(writer)
    expect((await exploreWith(model, ['true'])).states).toBe(3)
    expect((await exploreWith(model, ['true'], {readsMarks: false})).states).toBe(1)
  })

  it('says what was covered and is not complete when there are more images than the budget', async () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 8; sector++) writer.out(sector)
    const {complete, isFinished, states, coverage} = await exploreWith(modelOf(writer), ['true'], {budget: 20})
    expect({complete, isFinished, states}).toEqual({complete: false, isFinished: true, states: 20})
    expect(coverage).toMatchObject([{event: 24, atLeast: 256n, atMost: 256n, isExhaustive: false, asked: 20}])
    expect(coverage[0]?.strategies.slice(0, 2)).toEqual([
      {strategy: 'prefixes', images: 9, isWhole: true},
      {strategy: 'single-drops', images: 6, isWhole: false},
    ])
  })

  it('makes a violation small that was met large', async () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 8; sector++) writer.out(sector)
    // Of those that lose these three it picks the one that has nothing but the last.
    const read = [firstByte('A', 2), firstByte('B', 5), firstByte('C', 6), firstByte('LAST', 7)]
    const check = [...read, '[ $LAST = 0 ] || [ $A != 0 ] || [ $B != 0 ] || [ $C != 0 ]']
    const {complete, violations} = await exploreWith(modelOf(writer), check, {budget: 40})
    expect(complete).toBe(false)
    expect(violations).toMatchObject([{lost: [{request: 3}, {request: 6}, {request: 7}]}])
  })

  it('runs recovery first, on an image of its own each time', async () => {
    const where = folder()
    const recover = script(
      where,
      'recover',
      firstByte('A', 0),
      '[ $A = 9 ] && exit 7',
      'printf "\\011" | dd of="$1" conv=notrunc status=none',
    )
    const model = recordAndHeader()
    const check = [firstByte('A', 0), '[ $A = 9 ]']
    // Had recovery been left in the image, the next would exit with 7.
    expect(await exploreWith(model, check, {recover: [recover, '{image}']})).toMatchObject({
      complete: true,
      failing: 0,
      changed: 0,
    })
    const {violations} = await exploreWith(model, check, {recover: 'exit 7'})
    expect(violations[0]?.message).toBe('recovery exited with 7')
  })

  it('undoes what a check does to the image, and says how often it did', async () => {
    const spoil = [...HEADER_WITHOUT_RECORD, 'printf "\\377%.0s" $(seq 2000) > "$1"']
    const [clean, spoiled] = [
      await exploreWith(recordAndHeader(), HEADER_WITHOUT_RECORD),
      await exploreWith(recordAndHeader(), spoil),
    ]
    expect(spoiled.changed).toBeGreaterThan(3)
    expect({...spoiled, changed: 0, violations: []}).toEqual({...clean, violations: []})
    expect(spoiled.violations[0]?.id).toBe(clean.violations[0]?.id)
  })

  it('keeps to what is told by any number of jobs', async () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 4; sector++) writer.out(sector)
    const model = modelOf(writer)
    const check = [...HEADER_WITHOUT_RECORD]
    const [one, four] = [await exploreWith(model, check), await exploreWith(model, check, {jobs: 4})]
    expect(four.violations.map(({id, fix}) => ({id, fix}))).toEqual(one.violations.map(({id, fix}) => ({id, fix})))
    expect([four.states, four.failing, four.complete]).toEqual([one.states, one.failing, true])
  })

  it('has as many commands at work at a time as there are jobs', async () => {
    const where = folder()
    // Each waits until a second one has come: alone it would never end.
    const meet = [`mkdir ${where}/$$`, `while [ $(ls ${where} | wc -l) -lt 2 ]; do sleep 0.01; done`]
    const writer = new TraceWriter()
    writer.out(0)
    expect(await exploreWith(modelOf(writer), meet, {jobs: 2})).toMatchObject({complete: true, states: 2, failing: 0})
  })
})

describe('a command that is no good check', () => {
  it('is an error of the environment when it is missing, whether named plainly or in a shell', async () => {
    for (const check of ['no-such-program-here {image}', 'no-such-program-here {image} | cat; exit 127']) {
      await expect(exploreWithCommand(recordAndHeader(), {check})).rejects.toMatchObject({
        kind: 'environment',
        code: 'E_CHECK_MISSING',
      })
    }
  })

  it('refuses the images on which it does not end', async () => {
    const found = await exploreWith(recordAndHeader(), [firstByte('A', 0), '[ $A = 0 ] || sleep 1000'], {
      timeoutMs: 500,
    })
    expect(found.violations[0]?.message).toBe('the check did not end within 0.5 s')
    expect(found.complete).toBe(true)
  })

  it('refuses the images on which it is killed', async () => {
    const {violations} = await exploreWith(recordAndHeader(), ['kill -SEGV $$'])
    expect(violations[0]?.message).toBe('the check was ended by SIGSEGV')
  })

  it('is found out when it passes what it failed', async () => {
    const flag = path.join(folder(), 'flag')
    // It fails the first image it ever sees, whichever that is.
    await expect(
      exploreWith(recordAndHeader(), [`[ -e ${flag} ] || { touch ${flag}; exit 1; }`]),
    ).rejects.toMatchObject({
      kind: 'usage',
      code: 'E_CHECK_NOT_DETERMINISTIC',
    })
  })

  it('that always fails is told at the very start, with nothing lost and no fix', async () => {
    const {failing, states, violations} = await exploreWith(recordAndHeader(), ['exit 1'])
    expect(failing).toBe(states)
    expect(violations).toMatchObject([{event: 0, lost: [], fix: undefined, message: 'the check exited with 1'}])
  })
})

describe('an exploration that is cut short', () => {
  it('tells what it has found, is not complete, and leaves nothing behind', async () => {
    const where = folder()
    const controller = new AbortController()
    const running = exploreWith(recordAndHeader(), HEADER_WITHOUT_RECORD, {
      folder: where,
      signal: controller.signal,
      progress: ({failing}) => failing > 0 && controller.abort('SIGINT'),
    })
    expect(namesIn(where)).toHaveLength(1)
    const {complete, isFinished, violations} = await running
    expect({complete, isFinished}).toEqual({complete: false, isFinished: false})
    expect(violations).toMatchObject([{kind: 'inconsistent', fix: undefined}])
    expect(namesIn(where)).toEqual([])
  })

  it('does not wait for a command that is at work', async () => {
    const where = folder()
    const controller = new AbortController()
    const started = path.join(folder(), 'started')
    const running = exploreWith(recordAndHeader(), [`touch ${started}`, 'sleep 1000'], {
      folder: where,
      signal: controller.signal,
    })
    await expect.poll(() => fs.existsSync(started), {timeout: 10_000}).toBe(true)
    controller.abort('SIGINT')
    expect(await running).toMatchObject({complete: false, states: 0, violations: []})
    expect(namesIn(where)).toEqual([])
  })

  it('leaves nothing behind after an error either', async () => {
    const where = folder()
    await expect(exploreWith(recordAndHeader(), ['exit 127'], {folder: where, jobs: 2})).rejects.toMatchObject({
      kind: 'environment',
    })
    expect(namesIn(where)).toEqual([])
  })

  it('was never begun when it was cancelled before', async () => {
    const found = await exploreWith(recordAndHeader(), ['true'], {signal: AbortSignal.abort()})
    expect(found).toMatchObject({complete: false, isFinished: false, states: 0, runs: 0})
  })
})
