import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {CACHE_MODES, cacheModeOf} from '../cache-mode/index.js'
import {BaseCommand, exitStatusHelp, Interrupt, startProgress, type Progress} from '../cli/index.js'
import {openTarget} from '../inspect/index.js'
import {copyDocument, copyImage} from '../provision/index.js'

export default class Copy extends BaseCommand<typeof Copy> {
  static override summary = 'Copy an image: holes stay holes, and with status 0 the copy is durable.'
  static override description = [
    'Only data is brought across, shared with the source where the file system can (reflink), else within the kernel where that can be done. The copy is made as B.partial and gets its name when it is complete and synced; then the name is synced too. A failure leaves nothing behind; a signal or a kill leaves B.partial, and --resume goes on: all of it is compared with A, and what is like A already is not written again.',
    'Both images are locked as QEMU locks them. A may be a partition (disk.img#p2). With --force, B may be a block device or a partition: that is written in place, holes as zeroes, and a failure leaves it half written; what lies behind the end of A stays.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'io', 'interrupted', 'terminated']),
  ].join('\n\n')

  static override examples = [
    {description: 'A copy that is there after a power cut', command: '<%= config.bin %> copy disk.img copy.img'},
    {
      description: 'Without filling the page cache, and checked',
      command: '<%= config.bin %> copy disk.img copy.img --cache none --verify',
    },
    {description: 'One partition', command: '<%= config.bin %> copy disk.img#p2 root.img'},
    {description: 'Put it back', command: `<%= config.bin %> copy root.img 'disk.img#p2' --force`},
    {description: 'Go on after Ctrl-C', command: '<%= config.bin %> copy disk.img copy.img --resume'},
  ]

  static override args = {
    a: Args.string({description: 'Raw disk image, block device, or a partition of one (disk.img#p2).', required: true}),
    b: Args.string({
      description: 'The file to make; or, with --force, a block device or a partition (disk.img#p2) to write to.',
      required: true,
    }),
  }

  static override flags = {
    cache: Flags.string({
      default: 'writeback',
      description: `How to write: ${CACHE_MODES.map(({name}) => name).join(', ')}. unsafe syncs nothing.`,
      helpValue: '<mode>',
    }),
    force: Flags.boolean({
      default: false,
      description: 'Replace B if it exists. A file stays as it is until the copy is complete.',
    }),
    resume: Flags.boolean({default: false, description: 'Go on with a copy that was stopped.'}),
    verify: Flags.boolean({
      default: false,
      description:
        'Read the copy back and compare it, before it gets its name: from the disk, as far as the kernel drops what it has in memory.',
    }),
    'force-share': Flags.boolean({
      default: false,
      char: 'U',
      description: 'Read A although another process is writing to it.',
    }),
  }

  async run(): Promise<object> {
    const {cache, force, resume, verify, 'force-share': forceShare} = this.flags
    const {a, b} = this.args
    const mode = cacheModeOf(cache)
    const target = openTarget(a)
    const interrupt = new Interrupt()
    let progress: Progress | undefined
    try {
      const {source, whole} = target
      const stage = async (name: string, totalBytes: number): Promise<Progress['advance']> => {
        progress?.stop()
        progress = await startProgress(name, totalBytes)
        return progress.advance
      }
      const {signal} = interrupt
      const order = {source, whole, path: b, mode, force, resume, verify, forceShare, signal, stage}
      const copied = await copyImage(order).finally(() => progress?.stop())
      if (copied.stopped !== undefined) this.endWith(interrupt.kind ?? 'interrupted')
      await this.print(copyDocument(a, b, mode, copied))
    } finally {
      interrupt.close()
      target.close()
    }
    return {}
  }
}
