import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {BaseCommand, exitStatusHelp, sizeFlag, startProgress} from '../cli/index.js'
import {
  chunksOf,
  digestOf,
  DIGESTS,
  hashDocument,
  openTarget,
  partitionParts,
  rangeOf,
  sourcePart,
  wholePart,
  type HashPart,
  type HashRow,
  type Target,
} from '../inspect/index.js'

export default class Hash extends BaseCommand<typeof Hash> {
  static override summary = 'The digest of an image, of its partitions, or of its chunks.'
  static override description = [
    'Holes are not read, and count as the zeroes they read as: the digest is that of sha256sum or b3sum.',
    exitStatusHelp(['ok', 'usage', 'environment', 'io', 'format']),
  ].join('\n\n')

  static override examples = [
    {description: 'As sha256sum', command: '<%= config.bin %> hash disk.img'},
    {description: 'Which partition changed?', command: '<%= config.bin %> hash disk.img --per-partition'},
    {description: 'A digest a chunk, for a script', command: '<%= config.bin %> hash disk.img --chunk 1M --format csv'},
  ]

  static override args = {
    image: Args.string({
      description: 'Raw disk image, block device, or a partition of one (disk.img#p2).',
      required: true,
    }),
  }

  static override flags = {
    algorithm: Flags.option({options: DIGESTS, default: 'sha256' as const, description: 'Which digest.'})(),
    'per-partition': Flags.boolean({default: false, description: 'One for each partition.', exclusive: ['chunk']}),
    chunk: sizeFlag({description: 'One for each chunk of this size.'}),
    offset: Flags.string({
      description: 'Of a range: where it begins, a size, p2 or p2+1M.',
      exclusive: ['per-partition', 'chunk'],
      helpValue: '<offset>',
    }),
    length: Flags.string({
      description: 'Of a range: how long it is. Default: up to the end.',
      exclusive: ['per-partition', 'chunk'],
      helpValue: '<size>',
    }),
  }

  async run(): Promise<object> {
    const {algorithm} = this.flags
    const target = openTarget(this.args.image)
    try {
      const {source, name} = target
      const parts = this.partsOf(target)
      const totalBytes = parts.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
      const progress = await startProgress('hashing', totalBytes)
      const rows: HashRow[] = []
      try {
        const ofHoles = new Map<number, string>()
        let before = 0
        for (const part of parts) {
          const advance = (done: number): Promise<void> => progress.advance(before + done)
          rows.push({...part, digest: await digestOf(sourcePart(source, part), algorithm, advance, ofHoles)})
          before += part.lengthBytes
        }
      } finally {
        progress.stop()
      }
      await this.print(hashDocument(name, source.sizeBytes, algorithm, rows))
    } finally {
      target.close()
    }
    return {}
  }

  private partsOf(target: Target): readonly HashPart[] {
    const {chunk, 'per-partition': perPartition, offset, length} = this.flags
    const {source} = target
    if (chunk !== undefined) return chunksOf(source, chunk)
    if (perPartition) return partitionParts(source)
    if (offset === undefined && length === undefined) return [wholePart(source)]
    return [{name: 'range', ...rangeOf(target, offset ?? '0', length)}]
  }
}
