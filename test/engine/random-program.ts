import fc from 'fast-check'
import type {CacheModeName} from '../../src/cache-mode/index.js'
import type {OrderingName} from '../../src/ordering/index.js'
import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_PREFLUSH,
  OPERAND_FLAGS_SHIFT,
  type Link,
  type RequestName,
} from '../../src/request/index.js'
import type {RigOptions} from './rig.js'

export const IMAGE_SECTORS = 64

/** A request to come; 99 stands for a type nobody knows. */
export interface Draft {
  readonly act: 'submit'
  readonly name: RequestName | 99
  readonly sector: number
  readonly sectors: number
  readonly flags: number
  /** How many requests back those lie that it comes after. */
  readonly after: readonly number[]
}

/** A step that ends, chosen among the outstanding ones, counted round. */
export interface EndAct {
  readonly act: 'end'
  readonly pick: number
  readonly how: 'well' | 'short' | 'nothing' | 'EIO' | 'EINTR' | 'EOPNOTSUPP'
}

/** One thing that happens. */
export type Act =
  | Draft
  | EndAct
  | {readonly act: 'cancel'; readonly pick: number}
  | {readonly act: 'cancel-queued'}
  | {readonly act: 'room'; readonly capacity: number}

export interface RandomProgram {
  readonly options: RigOptions & {
    readonly mode: CacheModeName
    readonly ordering: OrderingName
    readonly depth: number
    readonly link: Partial<Link>
  }
  readonly acts: readonly Act[]
}

/** What flags above the common ones mean to these kinds; on others they would only be refused. */
function operandFlags(name: Draft['name'], operand: number): number {
  if (name === 'FSYNC_RANGE') return operand << OPERAND_FLAGS_SHIFT
  return name === 'SET_WRITEBACK' ? (operand & 1) << OPERAND_FLAGS_SHIFT : 0
}

const plainDraft = fc.record({
  act: fc.constant('submit' as const),
  name: fc.constantFrom(
    ...([
      'OUT',
      'OUT',
      'OUT',
      'OUT',
      'IN',
      'FLUSH',
      'FLUSH',
      'FLUSH_OUT',
      'GET_ID',
      'DISCARD',
      'WRITE_ZEROES',
      'BARRIER',
      'FSYNC',
      'FSYNC_RANGE',
      'FSYNC_RANGE',
      'NOTIFY',
      'SET_WRITEBACK',
      'SCSI',
    ] as const),
    99 as const,
  ),
  sector: fc.nat(IMAGE_SECTORS), // the last one begins beyond the end
  sectors: fc.constantFrom(0, 1, 1, 2, 8, 16),
  flags: fc.constantFrom(
    ...[0, 0, 0, 0, FLAG_FUA, FLAG_BARRIER, FLAG_BARRIER, FLAG_BARRIER | FLAG_FUA],
    ...[FLAG_PREFLUSH, FLAG_PREFLUSH | FLAG_FUA, FLAG_BARRIER_BIT],
  ),
  operand: fc.nat(15),
  after: fc.oneof({weight: 3, arbitrary: fc.constant([])}, fc.array(fc.integer({min: 1, max: 6}), {maxLength: 3})),
})

const draft: fc.Arbitrary<Draft> = plainDraft.map(({operand, flags, ...rest}) => ({
  ...rest,
  flags: flags | operandFlags(rest.name, operand),
}))

const link: fc.Arbitrary<Partial<Link>> = fc.record(
  {
    writeCache: fc.boolean(),
    driverFlushes: fc.constantFrom(true, true, false),
    fua: fc.boolean(),
    fsync: fc.constantFrom('flush', 'barrier'),
    writeCacheSwitch: fc.constantFrom('plain', 'flushes', 'impossible'),
  },
  {requiredKeys: []},
)

const act: fc.Arbitrary<Act> = fc.oneof(
  {weight: 10, arbitrary: draft},
  {
    weight: 9,
    arbitrary: fc.record({
      act: fc.constant('end' as const),
      pick: fc.nat(20),
      how: fc.constantFrom(
        ...([
          'well',
          'well',
          'well',
          'well',
          'well',
          'well',
          'short',
          'nothing',
          'EIO',
          'EINTR',
          'EOPNOTSUPP',
        ] as const),
      ),
    }),
  },
  {weight: 2, arbitrary: fc.record({act: fc.constant('cancel' as const), pick: fc.nat(20)})},
  {weight: 1, arbitrary: fc.record({act: fc.constant('room' as const), capacity: fc.constantFrom(0, 1, 2, 64)})},
  {weight: 1, arbitrary: fc.constant({act: 'cancel-queued' as const})},
)

/** Engines of all kinds, and up to 60 things that happen to them. */
export const randomProgram: fc.Arbitrary<RandomProgram> = fc.record({
  options: fc.record({
    mode: fc.constantFrom<CacheModeName>('writeback', 'writeback', 'writethrough', 'none', 'directsync', 'unsafe'),
    ordering: fc.constantFrom<OrderingName>(
      ...(['none', 'drain', 'drain-flush', 'drain-fua', 'tag', 'tag-flush', 'tag-fua'] as const),
    ),
    ordersTags: fc.constant(true),
    link: fc.oneof(fc.constant({}), link),
    tracksRanges: fc.boolean(),
    depth: fc.integer({min: 1, max: 8}),
    alignmentBytes: fc.constantFrom(512, 4096),
    soleWriter: fc.boolean(),
    canDsync: fc.boolean(),
    canZero: fc.boolean(),
    canPunch: fc.boolean(),
  }),
  acts: fc.array(act, {maxLength: 60, size: 'max'}),
})
