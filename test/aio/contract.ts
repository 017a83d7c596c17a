import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {Backend, Memory} from '../../src/aio/backend.js'
import {ERRNO} from '../../src/base/index.js'
import {STEP_PUNCH, STEP_READ, STEP_SYNC, STEP_WRITE, STEP_ZERO, type StepOp} from '../../src/request/index.js'

/** A backend on a fresh image of nothing but holes, at least 1 MiB long and a multiple of 4096. */
export interface ContractSubject {
  readonly backend: Backend
  readonly sizeBytes: number
  /** Closes and removes what the opener made. The suite has closed the backend by then. */
  cleanup(): Promise<void>
}

export type ContractOpener = (options: {readonly readOnly: boolean}) => Promise<ContractSubject>

/** One step as the suite writes it down. `slot` is the place in memory, in units of 4096 bytes. */
interface Order {
  readonly op: StepOp
  readonly token: number
  readonly slot?: number
  readonly offsetBytes?: number
  readonly lengthBytes?: number
  readonly dsync?: boolean
  readonly ordered?: boolean
}

/** Everything in the suite is aligned to this, so that it runs under O_DIRECT too. */
const PAGE = 4096
const SLOTS = 64

/**
 * What the engine relies on, checked against a backend: every backend must pass all of it. Nothing depends on how long
 * anything takes or on which of two steps ends first.
 */
export function describeBackendContract(name: string, open: ContractOpener): void {
  describe(`the ${name} backend keeps the contract of a backend`, () => {
    let subject: ContractSubject
    let memory: Memory

    const start = async (readOnly: boolean): Promise<void> => {
      subject = await open({readOnly})
      memory = subject.backend.createMemory(SLOTS * PAGE)
    }
    const finish = async (): Promise<void> => {
      memory.free()
      await subject.backend.close()
      await subject.cleanup()
    }
    const run = (...orders: readonly Order[]): Promise<Map<number, number>> =>
      runOrders(subject.backend, memory, orders)
    const one = async (order: Omit<Order, 'token'>): Promise<number | undefined> =>
      (await run({...order, token: 0})).get(0)
    const fill = (slot: number, value: number, pages = 1): void =>
      void memory.bytes.fill(value, slot * PAGE, (slot + pages) * PAGE)
    const values = (slot: number, pages = 1): number[] => [
      ...new Set(memory.bytes.subarray(slot * PAGE, (slot + pages) * PAGE)),
    ]

    describe('on an image open for writing', () => {
      beforeEach(() => start(false))
      afterEach(finish)

      it('reads back what was written', async () => {
        fill(0, 0xa1, 2)
        expect(await one({op: STEP_WRITE, slot: 0, offsetBytes: 3 * PAGE, lengthBytes: 2 * PAGE})).toBe(2 * PAGE)
        expect(await one({op: STEP_READ, slot: 8, offsetBytes: 2 * PAGE, lengthBytes: 4 * PAGE})).toBe(4 * PAGE)
        expect([values(8), values(9, 2), values(11)]).toEqual([[0], [0xa1], [0]])
      })

      it('reads holes as zeroes', async () => {
        fill(0, 0xff, 16)
        expect(await one({op: STEP_READ, slot: 0, offsetBytes: 5 * PAGE, lengthBytes: 16 * PAGE})).toBe(16 * PAGE)
        expect(values(0, 16)).toEqual([0])
      })

      it('touches only the part of the memory that was named', async () => {
        fill(0, 0x11, SLOTS)
        fill(20, 0x22)
        await one({op: STEP_WRITE, slot: 20, offsetBytes: 0, lengthBytes: PAGE})
        fill(20, 0x11)
        expect(await one({op: STEP_READ, slot: 40, offsetBytes: 0, lengthBytes: PAGE})).toBe(PAGE)
        expect([values(0, 40), values(40), values(41, SLOTS - 41)]).toEqual([[0x11], [0x22], [0x11]])
      })

      it('makes one write of the whole memory, beginning anywhere in it', async () => {
        for (let slot = 0; slot < SLOTS; slot++) fill(slot, slot + 1)
        const lengthBytes = (SLOTS - 1) * PAGE
        expect(await one({op: STEP_WRITE, slot: 1, offsetBytes: 0, lengthBytes})).toBe(lengthBytes)
        fill(0, 0, SLOTS)
        expect(await one({op: STEP_READ, slot: 0, offsetBytes: 0, lengthBytes})).toBe(lengthBytes)
        for (let slot = 0; slot < SLOTS - 1; slot++) expect(values(slot)).toEqual([slot + 2])
      })

      it('pairs every result with the token of its step, however many run together', async () => {
        const count = Math.min(SLOTS, subject.backend.tokens)
        const tokens = Array.from({length: count}, (_, i) => i)
        tokens.forEach((token) => fill(token, token + 1))
        // Lengths differ, so that a result given to the wrong token shows.
        const lengthOf = (token: number): number => 512 * 8 * (1 + (token % 3))
        const offsetOf = (token: number): number => token * PAGE
        const writes = tokens.map((token) => ({
          ...{op: STEP_WRITE as StepOp, token, slot: token},
          ...{offsetBytes: offsetOf(token), lengthBytes: PAGE},
        }))
        expect(await run(...writes)).toEqual(new Map(tokens.map((token) => [token, PAGE])))
        const reads = tokens.map((token) => ({
          ...{op: STEP_READ as StepOp, token, slot: Math.min(token, SLOTS - 3)},
          ...{offsetBytes: offsetOf(token), lengthBytes: lengthOf(token)},
        }))
        expect(await run(...reads)).toEqual(new Map(tokens.map((token) => [token, lengthOf(token)])))
      })

      it('gives every concurrent read its own data', async () => {
        const count = Math.min(SLOTS, subject.backend.tokens)
        for (let slot = 0; slot < count; slot++) fill(slot, slot + 1)
        await one({op: STEP_WRITE, slot: 0, offsetBytes: 0, lengthBytes: count * PAGE})
        fill(0, 0, SLOTS)
        // The last page into the first slot, so that a mix-up of offset and slot shows.
        await run(
          ...Array.from({length: count}, (_, token) => ({
            ...{op: STEP_READ as StepOp, token, slot: token},
            ...{offsetBytes: (count - 1 - token) * PAGE, lengthBytes: PAGE},
          })),
        )
        for (let slot = 0; slot < count; slot++) expect(values(slot)).toEqual([count - slot])
      })

      it('loses nothing with as many steps outstanding as there are tokens, and is ready for more afterwards', async () => {
        const {backend} = subject
        for (let round = 0; round < 3; round++) {
          const orders = Array.from({length: backend.tokens}, (_, token) => ({
            ...{op: STEP_READ as StepOp, token, slot: token % SLOTS},
            ...{offsetBytes: (token % 256) * PAGE, lengthBytes: PAGE},
          }))
          const results = await run(...orders)
          expect(results.size).toBe(backend.tokens)
          expect([...new Set(results.values())]).toEqual([PAGE])
        }
      })

      it('takes the same token again once its result was reaped', async () => {
        for (let i = 0; i < 20; i++) {
          fill(0, i + 1)
          expect(await one({op: STEP_WRITE, slot: 0, offsetBytes: 0, lengthBytes: PAGE})).toBe(PAGE)
          expect(await one({op: STEP_READ, slot: 1, offsetBytes: 0, lengthBytes: PAGE})).toBe(PAGE)
          expect(values(1)).toEqual([i + 1])
        }
      })

      it('answers a SYNC with 0, with and without something to sync', async () => {
        expect(await one({op: STEP_SYNC})).toBe(0)
        fill(0, 5)
        await one({op: STEP_WRITE, slot: 0, offsetBytes: 0, lengthBytes: PAGE})
        expect(await one({op: STEP_SYNC})).toBe(0)
        expect(await one({op: STEP_READ, slot: 1, offsetBytes: 0, lengthBytes: PAGE})).toBe(PAGE)
        expect(values(1)).toEqual([5])
      })

      it('runs a SYNC beside writes, and answers each for itself', async () => {
        fill(0, 6, 8)
        const results = await run(
          {op: STEP_WRITE, token: 0, slot: 0, offsetBytes: 0, lengthBytes: 4 * PAGE},
          {op: STEP_SYNC, token: 1},
          {op: STEP_WRITE, token: 2, slot: 4, offsetBytes: 4 * PAGE, lengthBytes: 2 * PAGE},
        )
        expect([0, 1, 2].map((token) => results.get(token))).toEqual([4 * PAGE, 0, 2 * PAGE])
      })

      it('writes with dsync, where it says that it can', async ({skip}) => {
        skip(!subject.backend.canDsync, 'it says that it cannot')
        fill(0, 0x77)
        expect(await one({op: STEP_WRITE, slot: 0, offsetBytes: PAGE, lengthBytes: PAGE, dsync: true})).toBe(PAGE)
        expect(await one({op: STEP_READ, slot: 1, offsetBytes: PAGE, lengthBytes: PAGE})).toBe(PAGE)
        expect(values(1)).toEqual([0x77])
      })

      const zeroing = [
        {title: 'ZERO', op: STEP_ZERO, able: (backend: Backend) => backend.canZero},
        {title: 'PUNCH', op: STEP_PUNCH, able: (backend: Backend) => backend.canPunch},
      ] as const
      for (const {title, op, able} of zeroing) {
        it(`makes a range read as zeroes by ${title}, and nothing beside it, where it says that it can`, async ({
          skip,
        }) => {
          skip(!able(subject.backend), 'it says that it cannot')
          fill(0, 0x33, 8)
          await one({op: STEP_WRITE, slot: 0, offsetBytes: 0, lengthBytes: 8 * PAGE})
          expect(await one({op, offsetBytes: 2 * PAGE, lengthBytes: 3 * PAGE})).toBe(0)
          await one({op: STEP_READ, slot: 8, offsetBytes: 0, lengthBytes: 8 * PAGE})
          expect([values(8, 2), values(10, 3), values(13, 3)]).toEqual([[0x33], [0], [0x33]])
        })

        it(`writes again where ${title} was`, async ({skip}) => {
          skip(!able(subject.backend), 'it says that it cannot')
          expect(await one({op, offsetBytes: 0, lengthBytes: 4 * PAGE})).toBe(0)
          fill(0, 0x44)
          await one({op: STEP_WRITE, slot: 0, offsetBytes: PAGE, lengthBytes: PAGE})
          await one({op: STEP_READ, slot: 8, offsetBytes: 0, lengthBytes: 3 * PAGE})
          expect([values(8), values(9), values(10)]).toEqual([[0], [0x44], [0]])
        })
      }

      it('executes an ordered step behind all before it and ahead of all after it, where it says that it can', async ({
        skip,
      }) => {
        skip(!subject.backend.ordersTags, 'it says that it cannot')
        fill(0, 1)
        fill(1, 2)
        const page = {offsetBytes: 0, lengthBytes: PAGE}
        for (let i = 0; i < 20; i++) {
          const results = await run(
            {op: STEP_WRITE, token: 0, slot: 0, ...page},
            {op: STEP_READ, token: 1, slot: 2, ...page, ordered: true},
            {op: STEP_WRITE, token: 2, slot: 1, ...page},
          )
          expect([...results.values()]).toEqual([PAGE, PAGE, PAGE])
          expect(values(2)).toEqual([1])
          await run({op: STEP_READ, token: 0, slot: 3, ...page})
          expect(values(3)).toEqual([2])
        }
      })

      it('keeps an ordered step in its place behind steps of an earlier submit, where it says that it can', async ({
        skip,
      }) => {
        const {backend} = subject
        skip(!backend.ordersTags, 'it says that it cannot')
        fill(0, 1)
        fill(1, 2)
        const page = {offsetBytes: PAGE, lengthBytes: PAGE}
        const write = {op: STEP_WRITE, ...page} as const
        expect(queue(backend, memory, {...write, token: 2, slot: 0})).toBe(true)
        await backend.submit(false)
        expect(queue(backend, memory, {...write, token: 0, slot: 1, ordered: true})).toBe(true)
        expect(queue(backend, memory, {...write, op: STEP_READ, token: 1, slot: 8, ordered: true})).toBe(true)
        for (let ended = 0; ended < 3; ended += backend.reap()) await backend.submit(true)
        expect(values(8)).toEqual([2])
      })

      it('goes on behind an ordered step of each kind, where it says that it can', async ({skip}) => {
        const {backend} = subject
        skip(!backend.ordersTags, 'it says that it cannot')
        const zero: Order = {op: STEP_ZERO, token: 2, lengthBytes: PAGE, ordered: true}
        const zeroes = backend.canZero ? [zero] : []
        const results = await run(
          {op: STEP_SYNC, token: 0, ordered: true},
          {op: STEP_WRITE, token: 1, slot: 0, offsetBytes: PAGE, lengthBytes: PAGE, ordered: true},
          ...zeroes,
        )
        expect([...results.values()].toSorted((a, b) => a - b)).toEqual([0, ...zeroes.map(() => 0), PAGE])
      })

      it('cuts a read at the end of the image, and counts only what is there', async () => {
        const {sizeBytes} = subject
        fill(0, 0x55)
        await one({op: STEP_WRITE, slot: 0, offsetBytes: sizeBytes - PAGE, lengthBytes: PAGE})
        fill(0, 0x66, 2)
        const read = {op: STEP_READ, slot: 0, lengthBytes: 2 * PAGE} as const
        expect(await one({...read, offsetBytes: sizeBytes - PAGE})).toBe(PAGE)
        expect(values(0)).toEqual([0x55])
        // What is in memory behind the bytes counted is nobody's promise: the kernel may zero it under O_DIRECT.
        expect(await one({...read, slot: 4, offsetBytes: sizeBytes})).toBe(0)
        expect(await one({...read, slot: 4, offsetBytes: sizeBytes + 8 * PAGE})).toBe(0)
        expect(values(0)).toEqual([0x55])
      })

      it('transfers nothing when asked for nothing', async () => {
        fill(0, 0x12)
        expect(await one({op: STEP_WRITE, slot: 0, offsetBytes: 0, lengthBytes: 0})).toBe(0)
        expect(await one({op: STEP_READ, slot: 0, offsetBytes: 0, lengthBytes: 0})).toBe(0)
        expect(values(0)).toEqual([0x12])
      })

      it('has nothing to reap before anything was queued, and does not wait for it', async () => {
        expect(subject.backend.reap()).toBe(0)
        await subject.backend.submit(false)
        expect(subject.backend.reap()).toBe(0)
      })

      it('has something to reap after a submit that waits', async () => {
        expect(
          queue(subject.backend, memory, {op: STEP_READ, token: 0, slot: 0, offsetBytes: 0, lengthBytes: PAGE}),
        ).toBe(true)
        await subject.backend.submit(true)
        expect(subject.backend.reap()).toBe(1)
        expect(subject.backend.reap()).toBe(0)
      })

      it('hands steps on by a submit that does not wait, to be reaped after a later one', async () => {
        expect(
          queue(subject.backend, memory, {op: STEP_READ, token: 3, slot: 0, offsetBytes: 0, lengthBytes: PAGE}),
        ).toBe(true)
        await subject.backend.submit(false)
        let reaped = subject.backend.reap()
        while (reaped === 0) {
          await subject.backend.submit(true)
          reaped = subject.backend.reap()
        }
        expect(reaped).toBe(1)
        expect([subject.backend.doneTokens[0], subject.backend.doneResults[0]]).toEqual([3, PAGE])
      })

      it('has a clock that never goes back', async () => {
        const times = [subject.backend.nowNs()]
        for (let i = 0; i < 10; i++) {
          await one({op: STEP_READ, slot: 0, offsetBytes: 0, lengthBytes: PAGE})
          times.push(subject.backend.nowNs())
        }
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        expect(times.every((time) => Number.isFinite(time) && time >= 0)).toBe(true)
      })
    })

    describe('on an image open for reading only', () => {
      beforeEach(() => start(true))
      afterEach(finish)

      it('answers a write with a negative errno, and stays usable', async () => {
        fill(0, 0x99)
        expect(await one({op: STEP_WRITE, slot: 0, offsetBytes: 0, lengthBytes: PAGE})).toBe(-ERRNO.EBADF)
        expect(await one({op: STEP_READ, slot: 1, offsetBytes: 0, lengthBytes: PAGE})).toBe(PAGE)
        expect(values(1)).toEqual([0])
      })

      it('starts an ordered step although one before it has failed, where it says that it can', async ({skip}) => {
        skip(!subject.backend.ordersTags, 'it says that it cannot')
        const results = await run(
          {op: STEP_WRITE, token: 0, slot: 0, offsetBytes: 0, lengthBytes: PAGE, ordered: true},
          {op: STEP_READ, token: 1, slot: 1, offsetBytes: 0, lengthBytes: PAGE, ordered: true},
        )
        expect([0, 1].map((token) => results.get(token))).toEqual([-ERRNO.EBADF, PAGE])
      })
    })
  })
}

function queue(backend: Backend, memory: Memory, order: Order): boolean {
  const {op, token, slot, offsetBytes = 0, lengthBytes = 0, dsync = false, ordered} = order
  const used = slot === undefined ? undefined : memory
  return backend.queue(op, token, used, (slot ?? 0) * PAGE, offsetBytes, lengthBytes, dsync, ordered)
}

/**
 * Runs all orders together, as many at a time as the backend takes. Fails when a result comes for a token that is not
 * outstanding, and when a full backend has nothing to wait for.
 *
 * @returns results by token
 */
export async function runOrders(
  backend: Backend,
  memory: Memory,
  orders: readonly Order[],
): Promise<Map<number, number>> {
  const results = new Map<number, number>()
  const outstanding = new Set<number>()
  const collect = async (): Promise<void> => {
    expect(outstanding.size, 'steps to wait for').toBeGreaterThan(0)
    await backend.submit(true)
    for (let count = backend.reap(); count > 0; count = backend.reap()) {
      for (let i = 0; i < count; i++) {
        const token = backend.doneTokens[i] ?? -1
        expect(outstanding.delete(token), `token ${token} is outstanding`).toBe(true)
        results.set(token, backend.doneResults[i] ?? Number.NaN)
      }
    }
  }
  for (const order of orders) {
    while (!queue(backend, memory, order)) await collect()
    outstanding.add(order.token)
  }
  while (outstanding.size > 0) await collect()
  return results
}
