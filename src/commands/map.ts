import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {BaseCommand, exitStatusHelp, startProgress} from '../cli/index.js'
import type {ImageSource} from '../image/index.js'
import {mapDocument, mapExtents, markZeroes, openTarget, placesIn, type ExtentMap} from '../inspect/index.js'

/** More extents than this are no help to people. */
const ROWS_MAX = 40

export default class Map extends BaseCommand<typeof Map> {
  static override summary =
    'Show where the data of an image is: data, zeroes, holes, unwritten, delayed and shared extents.'
  static override description = [
    'Asks the file system and reads nothing, unless --zeroes looks for data that is all zeroes. Nothing is synced either, so data that has no place on the disk yet shows as delayed. Unlike qemu-img map and nbdinfo, holes and unwritten extents are told apart.',
    'With --json the answer is that of qemu-img map --output=json for a raw image; --format ndjson and csv have all that is known.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io']),
  ].join('\n\n')

  static override examples = [
    {description: 'What is where', command: '<%= config.bin %> map disk.img'},
    {description: 'How much would be freed by punching out zeroes', command: '<%= config.bin %> map disk.img --zeroes'},
    {description: 'For a script written for qemu-img', command: '<%= config.bin %> map disk.img --json'},
  ]

  static override args = {
    image: Args.string({
      description: 'Raw disk image, block device, or a partition of one (disk.img#p2).',
      required: true,
    }),
  }

  static override flags = {
    zeroes: Flags.boolean({default: false, description: 'Read all data and find what is zeroes, in blocks of 4 KiB.'}),
    all: Flags.boolean({default: false, description: `List all extents, not only the first ${ROWS_MAX}.`}),
  }

  async run(): Promise<object> {
    const {zeroes, all} = this.flags
    const target = openTarget(this.args.image)
    try {
      const {source, name} = target
      const found = await mapExtents(source, this.format === 'json' ? 'data' : 'extents')
      const map = zeroes ? await this.withZeroes(source, found) : found
      const rowsMax = all ? Infinity : ROWS_MAX
      await this.print(
        mapDocument(map, {
          name,
          startBytes: source.startBytes,
          places: this.format === 'json' ? [] : placesIn(source),
          rowsMax,
          scanned: zeroes,
        }),
      )
    } finally {
      target.close()
    }
    return {}
  }

  private async withZeroes(source: ImageSource, found: ExtentMap): Promise<ExtentMap> {
    const progress = await startProgress('looking for zeroes', source.sizeBytes)
    return markZeroes(source, found, progress.advance).finally(() => progress.stop())
  }
}
