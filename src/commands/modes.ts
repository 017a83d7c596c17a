import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

import {ToolError} from '../base/index.js'
import {CACHE_MODES, cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {BaseCommand, exitStatusHelp, sizeFlag} from '../cli/index.js'
import {configSpaceDocument, matrixDocument, matrixOf, modeDocument, modesDocument} from '../explain/index.js'
import {hostFacts} from '../image/index.js'
import {hostDocument} from '../inspect/index.js'
import {eraOf, ERAS, frontendOf, FRONTENDS, PLAN_STEPS, STEP_NAMES, stepsOf, type EraName} from '../frontend/index.js'
import type {Document} from '../report/index.js'

/** The front end that has a configuration space. */
const WITH_CONFIG_SPACE = 'virtio-blk'
const EXAMPLE_IMAGE_BYTES = 16 * 2 ** 20

export default class Modes extends BaseCommand<typeof Modes> {
  static override summary = 'Explain cache modes: what each guarantees, what survives, and which guests are safe on it.'
  static override description = [
    'Without an argument: the guarantees of the five modes and what survives a guest crash, a process kill, a host OS crash and a power loss. With MODE: that mode in half a page. With --frontend, --all or --era: whether data is safe behind a device model under each mode, which kind of failure threatens it (stability or ordering), and why.',
    `The steps of the plan of 2009, for --with: ${PLAN_STEPS.map(({name, summary}) => `${name} (${summary})`).join('; ')}.`,
    exitStatusHelp(['ok', 'usage', 'environment']),
  ].join('\n\n')

  static override examples = [
    {description: 'All modes side by side', command: '<%= config.bin %> modes'},
    {description: 'One mode in half a page', command: '<%= config.bin %> modes none'},
    {
      description: 'The matrix of 2009, and what one repair changes',
      command: '<%= config.bin %> modes --all --era 2009 --with ide-wce',
    },
    {description: 'Is a virtio disk safe today, and why?', command: '<%= config.bin %> modes --frontend virtio-blk'},
    {
      description: 'Can this host keep what the modes promise for this image?',
      command: '<%= config.bin %> modes --image disk.img',
    },
    {
      description: 'What a virtio guest reads about its disk',
      command: '<%= config.bin %> modes writethrough --frontend virtio-blk --config-space',
    },
  ]

  static override args = {
    mode: Args.string({description: `Cache mode: ${CACHE_MODES.map(({name}) => name).join(', ')}.`}),
  }

  static override flags = {
    frontend: Flags.option({
      options: FRONTENDS.map(({name}) => name),
      description: 'One device model under each mode, with the facts the answer follows from.',
    })(),
    all: Flags.boolean({description: 'Every device model under each mode.'}),
    era: Flags.option({
      options: ERAS.map(({name}) => name),
      description: `When: ${ERAS.map(({name, title}) => (name === title ? name : `${name} (${title})`)).join(', ')}. Default: today.`,
    })(),
    with: Flags.string({
      description: `Steps of the plan on top of --era 2009, with commas: ${STEP_NAMES.join(', ')}.`,
      helpValue: '<step>',
    }),
    'config-space': Flags.boolean({
      description: `The configuration space of ${WITH_CONFIG_SPACE} in hex and field by field.`,
    }),
    image: Flags.string({
      description:
        'What the guarantees rest on for this image, on this host: file system, devices below, their caches, and what a sync costs. The image is only read.',
      helpValue: '<path>',
    }),
    size: sizeFlag({description: 'With --config-space: the size of the image. Default: 16M.'}),
  }

  async run(): Promise<object> {
    await this.print(await this.document())
    return {}
  }

  private async document(): Promise<Document> {
    const {flags} = this
    const mode = this.args.mode === undefined ? undefined : cacheModeOf(this.args.mode)
    this.refuseContradictions()
    if (flags.image !== undefined) return hostDocument(await hostFacts(flags.image))
    if (flags['config-space']) return configSpaceDocument(mode ?? cacheModeOf('writeback'), this.sizeBytes())
    if (flags.frontend !== undefined || flags.all || flags.era !== undefined) return this.matrix(mode)
    return mode ? modeDocument(mode) : modesDocument()
  }

  private matrix(mode: CacheMode | undefined): Document {
    const {frontend, era, with: steps} = this.flags
    return matrixDocument(
      matrixOf({
        era: eraOf(era ?? 'today'),
        steps: steps === undefined ? [] : stepsOf(steps),
        frontend: frontend === undefined ? undefined : frontendOf(frontend),
        mode,
      }),
    )
  }

  private refuseContradictions(): void {
    const {flags} = this
    const era: EraName = flags.era ?? 'today'
    if (flags.all && flags.frontend !== undefined) {
      refuse(`--all and --frontend ${flags.frontend} contradict each other`, 'Give one of them.')
    }
    if (flags.with !== undefined && era !== '2009') {
      refuse(
        `--with ${flags.with} needs --era 2009, not ${era}`,
        'The steps are those of the plan of 2009: add --era 2009.',
      )
    }
    const asksForModes = flags.all || flags.frontend !== undefined || flags.era !== undefined || flags['config-space']
    if (flags.image !== undefined && (asksForModes || this.args.mode !== undefined)) {
      refuse('--image asks about this host, not about modes and front ends', 'Give --image alone.')
    }
    if (flags.size !== undefined && !flags['config-space']) {
      refuse('--size is the size of the image of --config-space', 'Add --config-space, or leave --size out.')
    }
    if (!flags['config-space']) return
    if (flags.frontend !== undefined && flags.frontend !== WITH_CONFIG_SPACE) {
      refuse(`${flags.frontend} has no configuration space`, `Only ${WITH_CONFIG_SPACE} has one.`)
    }
    if (flags.all || era !== 'today') {
      refuse('--config-space shows one device of today', `Leave ${flags.all ? '--all' : `--era ${era}`} out.`)
    }
  }

  private sizeBytes(): number {
    const bytes = this.flags.size ?? BigInt(EXAMPLE_IMAGE_BYTES)
    if (bytes === 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ToolError('usage', 'E_SIZE', `--size ${bytes}: an image has 1 to 2^53-1 bytes`, {
        hint: '16M is the default.',
      })
    }
    return Number(bytes)
  }
}

function refuse(message: string, hint: string): never {
  throw new ToolError('usage', 'E_MODES_FLAGS', message, {hint})
}
