/** Which half of the house a room belongs to: `pure` rooms do no I/O, `io` rooms know no guarantee, `glue` joins the two. */
export type Half = 'pure' | 'io' | 'glue'

/** One room of src/. */
export interface Room {
  readonly name: string
  /** A room may import rooms on lower floors only. */
  readonly floor: number
  readonly half: Half
  /** Exactly the rooms it may import. */
  readonly mayImport: readonly string[]
  /** Packages that only the rooms naming them may import. */
  readonly packages: readonly string[]
  readonly holds: string
}

const room = (
  name: string,
  floor: number,
  half: Half,
  mayImport: readonly string[],
  holds: string,
  packages: readonly string[] = [],
): Room => ({name, floor, half, mayImport, packages, holds})

/**
 * The import table: every room the house has or has a place for. src/README.md prints the rows whose folder exists; a folder
 * without a row is a violation.
 */
export const IMPORT_TABLE: readonly Room[] = [
  room(
    'base',
    0,
    'pure',
    [],
    'sizes, errors and exit codes, errno names, seeded random numbers, byte ranges, histograms',
  ),

  room('report', 1, 'pure', ['base'], 'a Document and the formats it is written in'),
  room('cache-mode', 1, 'pure', ['base'], 'one file of facts per cache mode'),
  room('ordering', 1, 'pure', ['base'], 'one file of facts per BARRIER policy'),
  room('frontend', 1, 'pure', ['base'], 'guest device models as facts'),
  room('disk-layout', 1, 'pure', ['base'], 'partition tables and what is in them, read from the bytes of a disk'),
  room('native', 1, 'io', ['base'], 'libc and io_uring, called without an addon', ['koffi']),

  room(
    'request',
    2,
    'pure',
    ['base', 'cache-mode', 'ordering'],
    'virtio-blk requests: type, status, validate, lower to steps',
  ),
  room('scsi', 2, 'pure', ['base', 'frontend'], 'SCSI commands and sense data'),

  room('batch', 3, 'pure', ['base', 'request', 'scsi'], 'the batch language: text to requests and back'),
  room(
    'negotiation',
    3,
    'pure',
    ['base', 'cache-mode', 'ordering', 'frontend', 'request'],
    'what a driver and its device agree on before the first request',
  ),
  room(
    'trace',
    3,
    'pure',
    ['base', 'cache-mode', 'ordering', 'request'],
    'the events of a run with their data, and the formats they are kept in',
  ),
  room('aio', 3, 'io', ['base', 'cache-mode', 'native', 'request'], 'backends that execute steps: uring, threads, sim'),
  room('image', 3, 'io', ['base', 'cache-mode', 'native'], 'opening an image under a mode: flags, alignment, locks'),

  room(
    'durability',
    4,
    'pure',
    ['base', 'cache-mode', 'ordering', 'frontend', 'request', 'trace'],
    'what is stable, what is at risk, what a mode guarantees, hazards',
  ),
  room(
    'engine',
    4,
    'io',
    ['base', 'cache-mode', 'ordering', 'request', 'scsi', 'trace', 'aio', 'image'],
    'the request engine: schedule, slots in flight, poison',
  ),

  room('archive', 4, 'glue', ['base', 'trace', 'image'], 'trace files: opening, buffered reading, atomic writing'),

  room(
    'run',
    5,
    'glue',
    [
      'base',
      'report',
      'cache-mode',
      'ordering',
      'frontend',
      'request',
      'scsi',
      'negotiation',
      'batch',
      'trace',
      'aio',
      'image',
      'durability',
      'engine',
      'archive',
    ],
    'runs a batch on an image and tells what it meant',
  ),
  room(
    'crash',
    5,
    'pure',
    ['base', 'cache-mode', 'ordering', 'request', 'trace', 'durability'],
    'every image a crash may leave, explored with a check',
  ),
  room(
    'explain',
    5,
    'pure',
    ['base', 'report', 'cache-mode', 'ordering', 'frontend', 'request', 'durability'],
    'what is known before anything runs: modes, front ends, the matrix, as documents',
  ),
  room(
    'timeline',
    5,
    'pure',
    ['base', 'report', 'cache-mode', 'ordering', 'request', 'trace', 'durability'],
    'what is volatile and stable at each event of a trace, as documents',
  ),
  room(
    'serve',
    5,
    'glue',
    [
      'base',
      'report',
      'cache-mode',
      'ordering',
      'request',
      'trace',
      'native',
      'aio',
      'image',
      'durability',
      'engine',
      'archive',
    ],
    'protocol servers: an image for NBD clients',
  ),
  room(
    'bench',
    5,
    'glue',
    [
      'base',
      'report',
      'cache-mode',
      'ordering',
      'native',
      'request',
      'trace',
      'aio',
      'image',
      'durability',
      'engine',
      'archive',
    ],
    'workloads, comparisons',
    ['yaml'],
  ),
  room(
    'inspect',
    5,
    'glue',
    ['base', 'report', 'cache-mode', 'native', 'disk-layout', 'image'],
    'reading an image, never changing it',
    ['hash-wasm'],
  ),

  room(
    'provision',
    6,
    'glue',
    ['base', 'report', 'cache-mode', 'native', 'aio', 'image', 'inspect'],
    'images made, resized and copied',
  ),
  room(
    'crash-report',
    6,
    'pure',
    ['base', 'report', 'crash'],
    'explorations, states and images that a crash may leave, as documents',
  ),
  room(
    'crash-run',
    6,
    'glue',
    ['base', 'trace', 'image', 'crash', 'archive'],
    'explorations on files: checks loaded and run, images written out',
  ),
  room(
    'cli',
    6,
    'glue',
    ['base', 'report', 'cache-mode', 'ordering'],
    'what commands share: flags, errors, output, signals',
    ['@oclif/core', 'ora'],
  ),
  room(
    'commands',
    7,
    'glue',
    [
      'base',
      'report',
      'cache-mode',
      'ordering',
      'frontend',
      'batch',
      'trace',
      'aio',
      'image',
      'durability',
      'run',
      'crash',
      'explain',
      'timeline',
      'archive',
      'serve',
      'bench',
      'inspect',
      'provision',
      'crash-report',
      'crash-run',
      'cli',
    ],
    'one file, one command',
    ['@oclif/core'],
  ),
]

/** Node modules that do I/O: closed to pure rooms. */
export const IO_MODULES: readonly string[] = [
  'child_process',
  'dgram',
  'fs',
  'fs/promises',
  'http',
  'https',
  'net',
  'readline',
  'tls',
  'worker_threads',
]

const IO_ROOMS = IMPORT_TABLE.filter((candidate) => candidate.half === 'io').map((candidate) => candidate.name)

/** Rooms that know of guarantees or of people: closed to the I/O half. */
const CLOSED_TO_IO = ['durability', 'crash', 'report']

/** What is wrong with the table itself: rooms of the same or a higher floor, and imports across the wall between the halves. */
export function faultsOf(table: readonly Room[]): string[] {
  const faults: string[] = []
  for (const {name, floor, half, mayImport} of table) {
    for (const other of mayImport) {
      const target = table.find((candidate) => candidate.name === other)
      if (!target) faults.push(`${name} may import ${other}, which has no row`)
      else if (target.floor >= floor)
        faults.push(`${name} (floor ${floor}) may import ${other} (floor ${target.floor})`)
      if (half === 'pure' && IO_ROOMS.includes(other)) faults.push(`${name} is pure and may import ${other}`)
      if (half === 'io' && CLOSED_TO_IO.includes(other)) faults.push(`${name} does I/O and may import ${other}`)
    }
  }
  return faults
}

/** The rows of the rooms that exist, lowest floor first, as the Markdown table of src/README.md. */
export function printImportTable(table: readonly Room[], existing: ReadonlySet<string>): string {
  const rows = table
    .filter((candidate) => existing.has(candidate.name))
    .map(({name, floor, half, mayImport, packages, holds}) => [
      String(floor),
      `\`${name}\``,
      half,
      mayImport.filter((other) => existing.has(other)).join(', ') || 'nothing',
      packages.map((own) => `\`${own}\``).join(', '),
      holds,
    ])
  const head = ['floor', 'room', 'half', 'may import', 'own packages', 'holds']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
